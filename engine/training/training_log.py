"""Training metrics as a run logs them, and what its guards find in them."""

import time
from collections.abc import Callable
from typing import Any

from attrs import define, field

from engine.recipe.schema import Recipe
from engine.training.clock import Clock
from engine.training.guards import Breach, Guards, Moment
from engine.training.step import Stepper
from engine.training.watcher import Progress, Watcher


@define
class TrainingLog:
    """Reads the meter where a log line is due. Every process of a run has one."""

    recipe: Recipe
    clock: Clock
    stepper: Stepper
    guards: Guards
    watcher: Watcher
    _since: tuple[float, int] = field(init=False, factory=lambda: (time.perf_counter(), 0))
    """When and at which step training metrics were last read."""

    def begin(self, step: int) -> None:
        """Measure the pace from here on."""
        self._since = (time.perf_counter(), step)

    def log(self, step: int, write: Callable[..., Any]) -> list[Breach]:
        """Write the metrics since the last line, show progress, and return breaches of guards."""
        metrics = self.stepper.meter.read()
        for name, rate in self.stepper.learning_rates(step - 1).items():
            metrics[f"train/learning_rate/{name}"] = rate
        write("train", metrics=metrics)
        epoch, total = self.clock.epoch(step), self.clock.length.total_steps
        pace = (time.perf_counter() - self._since[0]) / max(1, step - self._since[1])
        clips = self.recipe.training.batch_size / pace
        left = pace * (total - step)
        self.watcher.progress(Progress(step, total, epoch, clips, left, metrics))
        breaches = self.guards.watch(metrics, Moment(step, epoch))
        asked = self.stepper.turns_since_last_asked()
        silent = [n for turn in asked for n in self.stepper.networks.silent_parameters(turn)]
        breaches += self.guards.watch_gradients(silent, Moment(step, epoch))
        self.begin(step)
        return breaches
