"""A run's events, by their meaning."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import evolve, frozen

from engine.tracking.events import Event, read_events

ENTRIES = ("parent", "untrained")
"""Names of the evaluation before step 1: of the continued phase's weights, or of new ones."""


@frozen
class History:
    """Every event of a run that counts, in order."""

    events: tuple[Event, ...]

    @staticmethod
    def of(folder: Path) -> "History":
        """Read the history of a run's or a model's folder."""
        return History(tuple(read_events(folder / "events.jsonl")))

    def all(self, kind: str) -> list[Event]:
        """Every event of a kind."""
        return [event for event in self.events if event.kind == kind]

    def facts(self, kind: str) -> Mapping[str, Any]:
        """The facts of the last event of a kind; empty where there is none."""
        events = self.all(kind)
        return events[-1].facts if events else {}

    def with_finish(self, facts: Mapping[str, Any]) -> "History":
        """The history with some facts of its finish events replaced."""
        if not facts:
            return self
        return History(
            tuple(
                evolve(event, facts={**event.facts, **facts}) if event.kind == "finish" else event
                for event in self.events
            )
        )

    @property
    def checks(self) -> list[Mapping[str, Any]]:
        """Preflight's checks, each with its latest finding."""
        asked = (event.facts.get("checks", ()) for event in self.all("preflight"))
        return list({check["name"]: check for checks in asked for check in checks}.values())

    @property
    def ending(self) -> Event | None:
        """The stop or finish event that ended the run, unless the run was resumed after it."""
        ending = None
        for event in self.events:
            if event.kind in ("start", "resume"):
                ending = None
            elif event.kind in ("stop", "finish"):
                ending = event
        return ending

    @property
    def final(self) -> Mapping[str, float | None]:
        """The `eval/...` metrics of the result: those of the finish event, else the latest.

        Events of samples are left out: their figures may be of other weights.
        """
        counted = (event for event in self.events if event.kind != "sample")
        carriers = [event for event in counted if any(_is_result(n) for n in event.metrics)]
        metrics = carriers[-1].metrics if carriers else {}
        return {name: value for name, value in metrics.items() if _is_result(name)}

    @property
    def total_steps(self) -> int:
        """The steps of the run with those of the phases before it."""
        before = self.facts("start").get("steps_before", 0)
        return int(before) + max((event.step for event in self.events), default=0)

    def standing(self, prefix: str) -> dict[str, float | None]:
        """The latest value of every metric below `prefix/`, by its name without it."""
        return {
            name.removeprefix(f"{prefix}/"): value
            for event in self.events
            for name, value in event.metrics.items()
            if name.startswith(f"{prefix}/")
        }

    def curve(self, name: str) -> tuple[list[int], list[float]]:
        """Steps and finite values of a metric."""
        points = {event.step: event.metrics[name] for event in self.events if name in event.metrics}
        numbers = {step: value for step, value in points.items() if value is not None}
        return list(numbers), list(numbers.values())


def _is_result(name: str) -> bool:
    return name.startswith("eval/")
