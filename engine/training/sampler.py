"""Samples of a run: written by the system, recorded as events, some of them a parent's."""

from pathlib import Path
from typing import Any, Protocol

from attrs import frozen

from engine.recipe.schema import Recipe
from engine.training.ranks import Ranks
from engine.training.sampling import (
    EARLIER,
    When,
    mean_figures,
    sample_event_facts,
    take_earlier_samples,
    write_samples,
)
from engine.training.stop import StopRequest
from engine.training.store import RunStore
from engine.training.system import System
from engine.training.watcher import Watcher


class _Run(Protocol):
    """The run that is sampled: the loop."""

    system: System
    recipe: Recipe
    store: RunStore
    watcher: Watcher
    stop: StopRequest
    ranks: Ranks

    @property
    def step(self) -> int:
        """Finished steps."""

    def write(self, kind: str, **more: Any) -> None:
        """Add an event at the present step."""


@frozen
class Sampler:
    """Writes samples of the weights that the system's module holds."""

    run: _Run

    def write(self, when: When, prefix: str = "eval", num_clips: int | None = None) -> None:
        """Write samples into the run's folder; their figures are logged as `<prefix>/...`.

        Before step 1 and after the last step, a signal cuts them where there is one process: they
        are written again. Raises StoppedAtOnce then.
        """
        run, place = self.run, self.run.store.place
        number = run.recipe.samples.num_clips if num_clips is None else num_clips
        name = f"step_{run.step:09d}" if when == "step" else when
        cuts = when != "step" and run.ranks.is_alone
        with run.stop.obeyed_at_once(cuts):
            made = write_samples(run.system, place, name, number)
        if not made and when == "start":
            return
        figures = mean_figures(made, prefix)
        facts = sample_event_facts(made, run.system, run.recipe, when, place)
        run.write("sample", metrics=figures, facts=facts)
        if figures:
            run.watcher.evaluated(run.step, figures)

    def take_earlier(self, model: Path) -> None:
        """Copy the parent's samples of the clips and texts that this run samples."""
        if self.run.ranks.is_first:
            for facts in take_earlier_samples(model, self.run.store.place):
                self.run.write(EARLIER, facts=facts)
