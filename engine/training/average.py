"""Exponential moving average of the weights, and its use in place of them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from engine.training.spread import local, part_of, whole_values
from engine.training.state import Saved
from engine.training.system import Turn


class AverageWeights:
    """Moving average of parameters (Polyak averaging), by name."""

    def __init__(self, parameters: Mapping[str, nn.Parameter], decay: float) -> None:
        self.decay = decay
        self._live = dict(parameters)
        self.weights = {name: p.detach().clone() for name, p in self._live.items()}

    @torch.no_grad()
    def update(self) -> None:
        """One step: average = decay * average + (1 - decay) * weights."""
        average = [local(tensor) for tensor in self.weights.values()]
        live = [local(tensor) for tensor in self._live.values()]
        torch._foreach_lerp_(average, live, 1.0 - self.decay)

    def restart(self) -> None:
        """Begin again from the present weights."""
        self._take(self._live)

    def state(self) -> Saved:
        """The averages by name, whole; they are not copied where they are."""
        return Saved(tensors=whole_values(self.weights))

    def load(self, saved: Saved) -> None:
        """Take over saved averages."""
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


def average_weights(turns: Sequence[Turn], decay: float | None) -> AverageWeights | None:
    """The average of what is exported; None where the recipe has no `ema_decay`."""
    averaged = {n: p for turn in turns if turn.averaged for n, p in turn.parameters.items()}
    return None if decay is None else AverageWeights(averaged, decay)
