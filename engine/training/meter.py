"""Averages of training metrics between two log lines, kept on the device until they are read."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor


class Meter:
    """Sums scalars without waiting for the device; one transfer when they are read.

    `reduce` averages a tensor over all ranks, so that every rank reads the same figures.
    """

    def __init__(self, reduce: Callable[[Tensor], Tensor]) -> None:
        self._reduce = reduce
        self._sums: dict[str, Tensor] = {}
        self._counts: dict[str, int] = {}
        self._added: set[str] = set()

    @torch.no_grad()
    def add(self, metrics: Mapping[str, Tensor], share: float = 1.0) -> None:
        """Add scalars; `share` below 1 says that a micro-batch is only part of a step."""
        for name, value in metrics.items():
            value = value.detach().float() * share
            self._sums[name] = self._sums[name] + value if name in self._sums else value
            self._added.add(name)

    def count(self) -> None:
        """One step is complete. Not every step has every metric."""
        for name in self._added:
            self._counts[name] = self._counts.get(name, 0) + 1
        self._added.clear()

    def state(self) -> dict[str, Any]:
        """What was added since the last reading, for a checkpoint."""
        sums = {name: value.cpu() for name, value in self._sums.items()}
        return {"sums": sums, "counts": dict(self._counts)}

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over saved sums and counts."""
        self._sums, self._counts = dict(state["sums"]), dict(state["counts"])

    def clear(self) -> None:
        """Forget what was added. Unlike `read`, it asks nothing of the other ranks."""
        self._sums, self._counts = {}, {}
        self._added.clear()

    def read(self) -> dict[str, float]:
        """The means since the last reading; starts afresh."""
        if not self._sums:
            return {}
        names = sorted(self._sums)
        # After a resume, what has not been added to since is still where the checkpoint was read.
        device = max((s.device for s in self._sums.values()), key=lambda place: place.type != "cpu")
        sums = torch.stack([self._sums[name].to(device) for name in names])
        values = self._reduce(sums).tolist()
        means = {
            name: value / max(1, self._counts.get(name, 0))
            for name, value in zip(names, values, strict=True)
        }
        self.clear()
        return means
