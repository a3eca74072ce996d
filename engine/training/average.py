"""Exponential moving average of the weights, and its use in place of them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from engine.training.spread import local, part_of, whole_values
from engine.training.state import Saved
from engine.training.system import Turn


class AverageWeights:
    """Moving average of tensors (Polyak averaging), by name.

    The decay warms up, as in TensorFlow's `ExponentialMovingAverage`: after n updates it is at most
    (1 + n) / (10 + n), so that the weights before step 1 are soon forgotten, however short the run.
    """

    def __init__(self, live: Mapping[str, Tensor], decay: float) -> None:
        self.decay = decay
        self.num_updates = 0
        self._live = dict(live)
        self.weights = {name: p.detach().clone() for name, p in self._live.items()}

    @torch.no_grad()
    def update(self) -> None:
        """One step: average = decay * average + (1 - decay) * weights."""
        decay = min(self.decay, (1 + self.num_updates) / (10 + self.num_updates))
        self.num_updates += 1
        average = [local(tensor) for tensor in self.weights.values()]
        live = [local(tensor) for tensor in self._live.values()]
        torch._foreach_lerp_(average, live, 1.0 - decay)

    def restart(self, num_updates: int = 0) -> None:
        """Begin again from the present weights, as if they were the average of so many steps."""
        self.num_updates = num_updates
        self._take(self._live)

    def state(self) -> Saved:
        """The averages by name, whole, and how often they moved; nothing is copied."""
        return Saved(self.num_updates, whole_values(self.weights))

    def load(self, saved: Saved) -> None:
        """Take over saved averages."""
        self.num_updates = saved.plain
        self._take(saved.tensors)

    @torch.no_grad()
    def _take(self, weights: Mapping[str, Tensor]) -> None:
        for name, tensor in weights.items():
            self.weights[name].copy_(part_of(tensor, self.weights[name]))

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """The module computes with the averages inside the context."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    @torch.no_grad()
    def _swap(self) -> None:
        for name, average in self.weights.items():
            live = self._live[name]
            kept = live.detach().clone()
            live.copy_(average)
            average.copy_(kept)


def average_weights(
    module: nn.Module, turns: Sequence[Turn], decay: float | None
) -> AverageWeights | None:
    """The average of what is exported; None where the recipe has no `ema_decay`.

    Batch statistics and codebooks belong to the weights that they were measured with: every saved
    buffer of real numbers is averaged too.
    """
    if decay is None:
        return None
    learned = [turn.parameters for turn in turns if turn.averaged]
    averaged: dict[str, Tensor] = {name: p for of_turn in learned for name, p in of_turn.items()}
    saved = module.state_dict().keys()
    buffers = {n: b for n, b in module.named_buffers() if n in saved and b.is_floating_point()}
    return AverageWeights(averaged | buffers, decay)


def remark_on_average(decay: float | None, total_steps: int) -> str | None:
    """A warning about an average that would span more steps than the run has, or None."""
    if decay is None or 1.0 / (1.0 - decay) <= total_steps:
        return None
    return (
        f"training.ema_decay = {decay:g} averages over about {1.0 / (1.0 - decay):,.0f} steps, and "
        f"the run has {total_steps:,}: the average's warm-up never reaches that decay, and the "
        f"exported weights average over about the last {(10 + total_steps) / 9:,.0f} steps"
    )
