"""A run's figures as a diagnosis reads them: curves, checks and guards, whatever the system."""

import tomllib
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from attrs import frozen

from engine.report.history import ENTRIES, History


@frozen(slots=False)
class Figures:
    """The history of a run, and the metric by which its best weights are chosen."""

    history: History
    best: str
    lowest: bool
    """Whether a low value of `best` is good."""

    @staticmethod
    def of(folder: Path) -> "Figures":
        """Read the folder of a run or of a model."""
        recipe = tomllib.loads((folder / "recipe.toml").read_text(encoding="utf-8"))
        training: Mapping[str, Any] = recipe.get("training", {})
        best = str(training.get("best", "eval/loss"))
        return Figures(History.of(folder), best, training.get("best_is", "lowest") == "lowest")

    @cached_property
    def turns(self) -> Sequence[str]:
        """The turns that had a share in a step, by their gradient norms."""
        prefix = "train/gradient_norm/"
        return [name.removeprefix(prefix) for name in self._names if name.startswith(prefix)]

    @cached_property
    def main_turn(self) -> str | None:
        """The turn that trains what is exported: the last one."""
        return next((name for name in reversed(self.turns) if name != "discriminator"), None)

    def curve(self, name: str) -> Sequence[float]:
        """The finite values of a metric, in order."""
        return self.history.curve(name)[1]

    def raw(self, name: str) -> Sequence[float | None]:
        """Every value of a metric; None where it was not finite."""
        events = self.history.events
        return [event.metrics[name] for event in events if name in event.metrics]

    @cached_property
    def loss(self) -> Sequence[float]:
        """The training loss of the main turn."""
        several = f"train/{self.main_turn}/loss"
        return self.curve(several if several in self._names else "train/loss")

    @cached_property
    def initial(self) -> Sequence[float]:
        """The best metric of the initial weights, at most one figure; less is better."""
        name = self.best.removeprefix("eval/")
        return [v for entry in ENTRIES for v in self._signed([f"{entry}/{name}"])][:1]

    @cached_property
    def evaluations(self) -> Sequence[float]:
        """The best metric at every evaluation; less is better, whatever the metric."""
        return self._signed([self.best])

    def _signed(self, names: Sequence[str]) -> list[float]:
        """Finite figures of evaluations, so that less is better."""
        sign = 1.0 if self.lowest else -1.0
        events = self.history.all("eval")
        found = (event.metrics[name] for event in events for name in names if name in event.metrics)
        return [sign * value for value in found if value is not None]

    def latest(self, *endings: str) -> float | None:
        """The last value of the first metric whose name ends so."""
        for name in self._names:
            if name.startswith(("eval/", "train/")) and name.endswith(endings):
                values = self.curve(name)
                return values[-1] if values else None
        return None

    @cached_property
    def _names(self) -> Mapping[str, None]:
        """Every metric in the order of its first value."""
        return dict.fromkeys(name for event in self.history.events for name in event.metrics)
