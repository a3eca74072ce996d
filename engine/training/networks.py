"""The networks of a run as its steps train them: in one process they are the system's own.

With several processes they are spread over these: see `data_parallel.py`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from engine.nn.follower import Follower
from engine.training.devices import Device
from engine.training.ranks import ALONE, Ranks
from engine.training.spread import local
from engine.training.state import Saved
from engine.training.system import Batch, System, TrainingModule, Turn


class Networks:
    """The networks that a step trains, and their whole weights for everything else.

    Every method must be called by all processes of a run.
    """

    def __init__(self, system: System, device: Device, ranks: Ranks = ALONE) -> None:
        self.module: TrainingModule = system.module.to(device.torch_device)
        self.turns: Sequence[Turn] = system.turns
        self.ranks = ranks

    @cached_property
    def _followers(self) -> Sequence[tuple[str, Follower]]:
        """Codebooks and the like, by their places in the module."""
        named = self.module.named_modules()
        return [(path, one) for path, one in named if isinstance(one, Follower)]

    def call(self, method: str, batch: Batch) -> Any:
        """The result of a method of the module, `prepare` or a turn, for a batch."""
        return getattr(self.module, method)(batch)

    def let_gradients_flow(self, into: Sequence[Turn]) -> None:
        """Let gradients flow into some turns alone, so that none is computed and thrown away."""
        if len(self.turns) == 1:
            return
        for turn in self.turns:
            wanted = any(turn is one for one in into)
            for parameter in turn.parameters.values():
                parameter.requires_grad_(wanted)

    @contextmanager
    def gradients_kept_back(self, kept_back: bool) -> Iterator[None]:  # noqa: ARG002
        """Inside, if `kept_back`, gradients accumulate in each process until a later backward."""
        yield

    def finish_gradients(self, turn: Turn) -> None:
        """Called after a turn's last backward: its gradients are then those of the whole batch."""

    def finish_step(self) -> None:
        """Called after a step: codebooks and batch statistics move, alike in all processes."""
        with torch.no_grad():
            for name, value in self._move_followers().items():
                self.module.get_parameter(name).copy_(value)

    def _move_followers(self) -> dict[str, Tensor]:
        """Move codebooks and the like; return new values of parameters that move with them."""
        moved: dict[str, Tensor] = {}
        for path, one in self._followers:
            self.ranks.add_up(one.noted())
            moved |= {f"{path}.{name}": value for name, value in one.move().items()}
        return moved

    def silent_parameters(self, turn: Turn) -> list[str]:
        """Names of a turn's parameters whose present gradient is missing or exactly zero."""
        grads = {n: local(p.grad) for n, p in turn.parameters.items() if p.grad is not None}
        norms = torch._foreach_norm(list(grads.values())) if grads else ()
        sizes = self.ranks.mean(torch.stack(norms)).tolist() if norms else []  # one transfer
        moved = {name for name, size in zip(grads, sizes, strict=True) if size != 0.0}
        return [name for name in turn.parameters if name not in moved]

    def broken_parameters(self) -> list[str]:
        """Names of parameters whose present gradient is not finite."""
        grads = {n: p.grad for t in self.turns for n, p in t.parameters.items()}
        there = {name: local(grad) for name, grad in grads.items() if grad is not None}
        flags = self.ranks.largest([int(not torch.isfinite(one).all()) for one in there.values()])
        return [name for name, flag in zip(there, flags, strict=True) if flag]

    def state(self) -> Saved:
        """The whole weights and buffers, by name; they are not copied where they are whole."""
        return Saved(tensors=self.module.state_dict())

    def load(self, saved: Saved) -> None:
        """Take over whole weights. Raises RuntimeError where names or shapes differ."""
        self.module.load_state_dict(dict(saved.tensors), strict=True)

    def load_from_system(self) -> None:
        """Take over what was loaded into the system's own module, in the first process."""

    def show_system(self) -> None:
        """Put the present weights into the system's own module, in the first process."""
