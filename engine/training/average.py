"""Exponential moving average of the weights, and its use in place of them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from engine.training.state import Saved
from engine.training.system import System


class AverageWeights:
    """Moving average of parameters (Polyak averaging), by name."""

    def __init__(self, parameters: Mapping[str, nn.Parameter], decay: float) -> None:
        self.decay = decay
        self._live = dict(parameters)
        self.weights = {name: p.detach().clone() for name, p in self._live.items()}

    @torch.no_grad()
    def update(self) -> None:
        """One step: average = decay * average + (1 - decay) * weights."""
        average = list(self.weights.values())
        torch._foreach_lerp_(average, list(self._live.values()), 1.0 - self.decay)

    def restart(self) -> None:
        """Begin again from the present weights."""
        self._take(self._live)

    def state(self) -> Saved:
        """The averages by name; they are not copied."""
        return Saved(tensors=self.weights)

    def load(self, saved: Saved) -> None:
        """Take over saved averages."""
        self._take(saved.tensors)

    @torch.no_grad()
    def _take(self, weights: Mapping[str, Tensor]) -> None:
        for name, tensor in weights.items():
            self.weights[name].copy_(tensor)

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


def average_weights(system: System, decay: float | None) -> AverageWeights | None:
    """The average of what a system exports; None where the recipe has no `ema_decay`."""
    averaged = {n: p for turn in system.turns if turn.averaged for n, p in turn.parameters.items()}
    return None if decay is None else AverageWeights(averaged, decay)
