"""Networks spread over several processes by torch's FSDP2: replicated in each, or sharded.

With `replicate` every process holds all weights, gradients and optimizer state; with `shard` a part
of each, and gathers the weights for a step (Rajbhandari et al., 2020, ZeRO stage 2). Gradients are
exchanged in groups, while backward still works on others.
"""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from functools import partial
from typing import Any

import torch
from attrs import evolve
from torch import Tensor, nn
from torch.distributed._composable.replicate_with_fsdp import replicate
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard, register_fsdp_forward_method

from engine.errors import UserError
from engine.training.batch_norms import BatchNorms
from engine.training.devices import Device
from engine.training.networks import Networks
from engine.training.ranks import Ranks, connected, connected_now_and_then
from engine.training.spread import local, part_of, whole
from engine.training.state import Saved
from engine.training.system import Batch, System, Turn

MOST_BYTES, LEAST_BYTES = 32 * 1024 * 1024, 1024 * 1024
"""A module's weights are gathered, and their gradients exchanged, at once: of larger modules those
of each part, if it is not tiny."""

# It warns that outputs are views, which matters to code that changes them in place: none here does.
warnings.filterwarnings("ignore", message="FSDP2-wrapped module .* returned a view tensor")


class DataParallel(Networks):
    """Networks that several processes train together.

    A module that torch has spread cannot evaluate or export. So the first process trains a copy,
    and the system's own whole module gets the weights whenever they are needed; the other
    processes train their system's own.
    """

    def __init__(self, system: System, device: Device, ranks: Ranks) -> None:
        super().__init__(system, device, ranks)
        self._whole = system.module
        self._begin_alike()
        if ranks.is_first:
            self.module, self.turns = deepcopy((system.module, system.turns))
        self._root, self._parts = self._spread(device)
        self.turns = self._turns_of_spread()
        self._norms = BatchNorms(self.module)
        self._reached: set[str] = set()
        self._notice_gradients()

    def call(self, method: str, batch: Batch) -> Any:
        """The result of a method for this process's share of a batch, with the whole weights.

        The weights are gathered here and not by hooks of the submodules, which may be used by other
        methods than `forward`.
        """
        with connected_now_and_then():
            self._unshard()
            return super().call(method, batch)

    def let_gradients_flow(self, into: Sequence[Turn]) -> None:
        """See Networks. Inside a step the module holds other, whole parameters: these as well."""
        super().let_gradients_flow(into)
        present = dict(self.module.named_parameters())
        for turn in self.turns:
            for name, parameter in turn.parameters.items():
                present[name].requires_grad_(parameter.requires_grad)

    @contextmanager
    def gradients_kept_back(self, kept_back: bool) -> Iterator[None]:
        """See Networks. The weights stay gathered too."""
        self._root.set_requires_gradient_sync(not kept_back)
        self._root.set_reshard_after_backward(not kept_back)
        with connected_now_and_then():
            yield

    def finish_gradients(self, turn: Turn) -> None:
        """Keep a gradient missing that is missing in every process, though torch exchanges zeros.

        An optimizer skips such a parameter, in several processes as in one.
        """
        reached = self.ranks.largest([int(name in self._reached) for name in turn.parameters])
        for parameter, there in zip(turn.parameters.values(), reached, strict=True):
            if not there:
                parameter.grad = None
        self._reached.clear()

    def finish_step(self) -> None:
        """Update codebooks and batch statistics, and copy the first process's buffers to all.

        Codebooks follow the batches of all processes; batch statistics become the mean over
        processes. Random and counted buffers are the first process's, as in torch's
        DistributedDataParallel.
        """
        moved = self._move_followers()
        self._reshard()
        self.ranks.take_from_first([*moved.values()])
        self._replace(moved)
        for average in self._norms.averages():
            average.copy_(self.ranks.mean(average))
        saved = self.module.state_dict().keys()
        buffers = [one for name, one in self.module.named_buffers() if name in saved]
        self.ranks.take_from_first(buffers)

    def state(self) -> Saved:
        """The whole weights and buffers, by name."""
        with connected():
            state = self.module.state_dict()
            return Saved(tensors={name: whole(tensor) for name, tensor in state.items()})

    def load(self, saved: Saved) -> None:
        """See Networks."""
        own = self.module.state_dict()
        parts = {n: part_of(v, own[n]) if n in own else v for n, v in saved.tensors.items()}
        super().load(Saved(tensors=parts))

    def load_from_system(self) -> None:
        """See Networks."""
        full = {name: tensor.clone() for name, tensor in self.state().tensors.items()}
        if self.ranks.is_first:
            full |= self._whole.state_dict()
        self.ranks.take_from_first(list(full.values()))
        self.load(Saved(tensors=full))

    def show_system(self) -> None:
        """See Networks."""
        present = self.state()
        if self.ranks.is_first:
            self._whole.load_state_dict(dict(present.tensors), strict=True)

    def _spread(self, device: Device) -> tuple[FSDPModule, list[FSDPModule]]:
        """Let torch spread the trainable weights; the root, and the modules gathered at once."""
        for turn in self.turns:
            _make_fit(turn)
        learned = {id(p) for turn in self.turns for p in turn.parameters.values()}
        fixed = {p for p in self.module.parameters() if id(p) not in learned}
        mesh = init_device_mesh(device.torch_device.type, (self.ranks.world_size,))
        parts = _groups(self.module)
        for part in parts:
            if self.ranks.strategy == "replicate":
                replicate(part, mesh=mesh, ignored_params=fixed)
            else:
                fully_shard(part, mesh=mesh, ignored_params=fixed, reshard_after_forward=False)
        for method in ("prepare", *(turn.name for turn in self.turns)):
            register_fsdp_forward_method(self.module, method)
        spread: list[FSDPModule] = [part for part in parts if isinstance(part, FSDPModule)]
        root = spread[-1]
        # Without it, processes that reach different parameters would wait for each other for ever.
        root.set_reduce_scatter_unused_params(True)
        return root, spread

    def _begin_alike(self) -> None:
        """Give all processes the weights of the first, and each its own random numbers.

        Dropout and the like should not hit every part of a batch in the same way.
        """
        self.ranks.take_from_first([*self.module.parameters(), *self.module.buffers()])
        if not self.ranks.is_first:
            torch.manual_seed(torch.initial_seed() + self.ranks.rank)

    def _turns_of_spread(self) -> list[Turn]:
        """The turns with the parameters that torch has put in place of the module's."""
        present = dict(self.module.named_parameters())
        return [
            evolve(turn, parameters={name: present[name] for name in turn.parameters})
            for turn in self.turns
        ]

    def _notice_gradients(self) -> None:
        """Note which parameters backward reaches: torch exchanges zeros for the others."""
        self._unshard()
        for name, parameter in self.module.named_parameters():
            if parameter.requires_grad:
                note = partial(self._note, name)
                parameter.register_post_accumulate_grad_hook(note)  # type: ignore[no-untyped-call]
        self._reshard()

    def _move_followers(self) -> dict[str, Tensor]:
        """See Networks. Parameters are whole while followers move."""
        if not self._followers:
            return {}
        with connected_now_and_then():
            self._unshard()
        return {name: value.clone() for name, value in super()._move_followers().items()}

    @torch.no_grad()
    def _replace(self, moved: Mapping[str, Tensor]) -> None:
        present = dict(self.module.named_parameters())
        for name, value in moved.items():
            local(present[name]).copy_(local(part_of(value, present[name])))

    def _note(self, name: str, parameter: Tensor) -> None:  # noqa: ARG002
        self._reached.add(name)

    def _unshard(self) -> None:
        for part in self._parts:
            part.unshard()

    def _reshard(self) -> None:
        for part in self._parts:
            part.reshard()


def _make_fit(turn: Turn) -> None:
    """Make parameters contiguous, as torch spreads them. Raises UserError for scalars."""
    for name, parameter in turn.parameters.items():
        if parameter.dim() == 0:
            raise UserError(
                f"The parameter {name} is a scalar (shape []), which torch cannot "
                "spread over several devices: give it the shape [1], or train on one device."
            )
        parameter.data = parameter.data.contiguous()


def _groups(module: nn.Module) -> list[nn.Module]:
    """Modules whose weights go together, inner ones before outer; the last has all that is left."""
    names = [name for name, _ in module.named_parameters(remove_duplicate=False)]
    if len(names) > len(list(module.parameters())):  # tied weights must not come apart
        return [module]
    return [*_inner_groups(module), module]


def _inner_groups(module: nn.Module) -> Iterator[nn.Module]:
    if _num_bytes(module) <= MOST_BYTES:
        return
    for child in module.children():
        yield from _inner_groups(child)
        container = isinstance(child, nn.ModuleList | nn.ModuleDict)  # torch spreads none
        if _num_bytes(child) >= LEAST_BYTES and not container:
            yield child


def _num_bytes(module: nn.Module) -> int:
    return sum(parameter.nbytes for parameter in module.parameters())
