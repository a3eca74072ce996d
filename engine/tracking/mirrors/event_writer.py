"""The writing of a run's events into a tracker."""

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from engine.files.untrusted import leads_inside
from engine.project import Project
from engine.tracking.events import Event
from engine.tracking.mirrors.curves import Curves, Figure, Place, figures_of, place_of
from engine.tracking.mirrors.marks import Marks
from engine.tracking.mirrors.tracked_run import TrackedRun

_SHORT = 40
_ABOUT = ("project", "recipe", "identity", "parent", "command", "overrides")


class EventWriter:
    """Writes the events of a run to a tracker, in their order."""

    def __init__(
        self, run: TrackedRun, folder: Path, about: Mapping[str, Any], written: Iterable[Event]
    ) -> None:
        """`about` is the run's description; `written` are the events that the tracker has."""
        self.run, self._folder = run, folder
        self._curves, self._steps_before = Curves(), 0
        self._marks = Marks(str(about.get("identity") or ""))
        run.describe({key: about.get(key) for key in _ABOUT} | {"hparams": read_recipe(folder)})
        for event in written:
            self._take_in(event)
            self._curves.add(self._figures(event), self._place(event))

    def can_write(self, event: Event) -> bool:
        """Whether the files that the event names exist yet."""
        samples = event.facts["samples"] if event.kind == "sample" else ()
        return all(find_sample(self._folder, sample) is not None for sample in samples)

    def write(self, event: Event) -> None:
        """Mirror one event: its metrics, and the facts of its kind."""
        self._take_in(event)
        place = self._place(event)
        for at, figures in self._curves.add(self._figures(event), place).items():
            self.run.track(figures, at)
        match event.kind:
            case "start":
                self.run.describe({"facts": event.facts})
            case "resume":
                self.run.forget_after(event.step)
            case "baseline":
                names = {n.removeprefix("baseline/"): v for n, v in event.metrics.items()}
                self.run.describe({"baselines": names})
            case "sample":
                self._show_samples(event, place)
            case "guard":
                self.run.say("guard", event.facts["name"], guard_text(event.facts), place)
            case "warning" | "parting":
                message = str(event.facts["message"])
                self.run.say("warning", message[:_SHORT], message, place)
        if event.kind in ("resume", "stop", "finish"):
            self.run.describe({"state": {"kind": event.kind, **event.facts}})
        if event.kind == "finish":
            results = {n: v for n, v in event.metrics.items() if n.startswith("eval/")}
            self.run.describe({"result": results})

    def flush(self) -> None:
        """Wait until the tracker has stored everything that was written."""
        self.run.describe({"constants": self._curves.constants, "units": self._marks.in_words})
        self.run.flush()

    def _take_in(self, event: Event) -> None:
        """Take in facts of an event that concern later ones."""
        self._marks.take_in(event)
        if event.kind == "start":
            before = event.facts.get("steps_before", 0)
            self._steps_before = before if type(before) is int and before > 0 else 0
        if event.kind == "resume":
            self._curves.forget_after(event.step)

    def _figures(self, event: Event) -> dict[Figure, float]:
        return figures_of(event, self._marks.found)

    def _place(self, event: Event) -> Place:
        return place_of(event, self._steps_before)

    def _show_samples(self, event: Event, place: Place) -> None:
        for sample in event.facts["samples"]:
            path = find_sample(self._folder, sample)
            if path is not None:
                self.run.show(path, sample, place)


def read_recipe(folder: Path) -> dict[str, Any]:
    """The resolved recipe of a run's folder."""
    return tomllib.loads((folder / "recipe.toml").read_text(encoding="utf-8"))


def find_sample(run_folder: Path, sample: Mapping[str, Any]) -> Path | None:
    """The file of a sample: in the run's folder, or in the model that the run became."""
    if not leads_inside(sample["path"]):
        return None
    model = Project(run_folder.parents[2]).model(run_folder.parent.name)
    paths = (folder / sample["path"] for folder in (run_folder, model))
    return next((path for path in paths if path.is_file()), None)


def title_of(about: Mapping[str, Any]) -> str:
    """The name of a run in trackers: its recipe and the first digits of its identity."""
    return f"{about['recipe']} {str(about.get('identity') or '')[:6]}".strip()


def guard_text(facts: Mapping[str, Any]) -> str:
    """A guard's event in words."""
    said = f"{facts['action']}: {facts['metric']} was {facts['value']}, but {facts['condition']}"
    return f"{said}, because {facts['because']}" if facts.get("because") else said
