"""Averages of training metrics between two log lines, kept on the device until they are read."""

from collections.abc import Mapping

import torch
from torch import Tensor

from engine.training.ranks import ALONE, Ranks
from engine.training.state import Saved


class Meter:
    """Sums scalars without waiting for the device; one transfer when they are read.

    Figures are the mean over all processes, so that every process reads the same.
    """

    def __init__(self, ranks: Ranks = ALONE) -> None:
        self._ranks = ranks
        self._sums: dict[str, Tensor] = {}
        self._counts: dict[str, int] = {}
        self._added: set[str] = set()

    @torch.no_grad()
    def add(self, metrics: Mapping[str, Tensor]) -> None:
        """Add scalars to those of the step; a part of a step adds its share of each."""
        for name, value in metrics.items():
            value = value.detach().float()
            self._sums[name] = self._sums[name] + value if name in self._sums else value
            self._added.add(name)

    def count(self) -> None:
        """Count a complete step. Not every step has every metric."""
        for name in self._added:
            self._counts[name] = self._counts.get(name, 0) + 1
        self._added.clear()

    def state(self) -> Saved:
        """The sums and counts since the last reading, of each process."""
        sums = {name: value.cpu() for name, value in self._sums.items()}
        return Saved(tensors=self._ranks.gather({"sums": sums, "counts": dict(self._counts)}))

    def load(self, saved: Saved) -> None:
        """Take over this process's sums and counts; those of the last where fewer were saved."""
        own = saved.tensors[min(self._ranks.rank, len(saved.tensors) - 1)]
        self._sums, self._counts = dict(own["sums"]), dict(own["counts"])

    def clear(self) -> None:
        """Forget what was added. Unlike `read`, it waits for no other process."""
        self._sums, self._counts = {}, {}
        self._added.clear()

    def read(self) -> dict[str, float]:
        """The means since the last reading, which are then cleared."""
        if not self._sums:
            return {}
        names = sorted(self._sums)
        # After a resume, what has not been added to since is still where the checkpoint was read.
        device = max((s.device for s in self._sums.values()), key=lambda place: place.type != "cpu")
        sums = torch.stack([self._sums[name].to(device) for name in names])
        values = self._ranks.mean(sums).tolist()
        means = {
            name: value / max(1, self._counts.get(name, 0))
            for name, value in zip(names, values, strict=True)
        }
        self.clear()
        return means
