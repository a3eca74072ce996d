"""Samples as events hold them, and copies of earlier phases' samples for comparison."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import soundfile

from engine.corpus.measure.level import Level
from engine.evaluation.unit_facts import unit_facts
from engine.files.checksum import sha256_of
from engine.files.safe_names import file_name
from engine.files.untrusted import leads_inside
from engine.recipe.schema import Recipe
from engine.tracking.events import Event, read_events
from engine.training.system import Sample, System

When = Literal["start", "step", "final"]
"""Before step 1; at a step of the run; after the run, with its best weights."""
_CLIPPED = 0.001
"""Share of samples at full scale above which audio is called clipped."""
EARLIER = "earlier"
"""The kind of event that holds an earlier phase's samples, and the folder they lie in."""


def sample_facts(sample: Sample, folder: Path) -> dict[str, Any]:
    """A sample as an event holds it, its path below the run's folder."""
    facts: dict[str, Any] = {
        "name": sample.name,
        "kind": sample.kind,
        "path": str(sample.path.relative_to(folder)),
        "caption": sample.caption,
    }
    notes = [*sample.notes, *(_oddities(sample.path) if sample.kind == "audio" else ())]
    if notes:
        facts["notes"] = notes
    if sample.made_of:
        facts["made_of"] = sample.made_of
        facts["sha256"] = sha256_of(sample.path)
        facts["figures"] = dict(sample.figures)
    return facts


def _oddities(path: Path) -> Iterator[str]:
    """Problems of audio, whatever it says: silence, and samples at full scale."""
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    if not len(samples):
        yield "empty"
        return
    level = Level(rate)
    level.add(samples.mean(1))
    if level.silent_share == 1.0:
        yield f"silent throughout ({level.rms_dbfs:.1f} dBFS)"
    if level.clipped_share > _CLIPPED:
        yield f"clipped: {level.clipped_share:.1%} of its samples are at full scale"


def write_samples(system: System, place: Path, when: str, num_clips: int) -> Sequence[Sample]:
    """Samples of the present weights, in `place`/samples/`when`, a run's folder being `place`."""
    folder = place / "samples" / when
    shutil.rmtree(folder, ignore_errors=True)  # left there by a killed process
    return system.samples(folder, num_clips)


def sample_event_facts(
    samples: Sequence[Sample], system: System, recipe: Recipe, when: When, place: Path
) -> dict[str, Any]:
    """The facts of the event of some samples, without their mean figures."""
    measured = {f"eval/{name}" for sample in samples for name in sample.figures}
    units = unit_facts(sorted(measured), system.metric_units, recipe.system)
    facts = [sample_facts(sample, place) for sample in samples]
    return {"of": recipe.name, "when": when, **units, "samples": facts}


def mean_figures(samples: Sequence[Sample], prefix: str) -> dict[str, float]:
    """The mean of each figure over the samples that have it, by its metric's name."""
    values: dict[str, list[float]] = {}
    for sample in samples:
        for name, value in sample.figures.items():
            values.setdefault(f"{prefix}/{name}", []).append(value)
    return {name: float(np.mean(each)) for name, each in values.items()}


def take_earlier_samples(model: Path, run: Path) -> Iterator[Mapping[str, Any]]:
    """Copy the samples of the parent, and of its parents, that correspond to this run's.

    `model` is the parent's folder. Yields a table of facts for each time the parent wrote samples:
    at its start and at its end. Damaged or missing files are skipped: they are only for listening.
    """
    wanted = {sample.get("made_of") for event in _made(run) for sample in _samples(event)}
    before = [event for event in read_events(model / "events.jsonl") if event.kind == EARLIER]
    for event in [*before, *_made(model)]:
        of, when = str(event.facts.get("of")), str(event.facts.get("when"))
        place = run / "samples" / EARLIER / file_name(f"{of}_{when}")
        found = [sample for sample in _samples(event) if sample.get("made_of") in wanted - {None}]
        taken = [facts for sample in found if (facts := _copy(sample, model, place, run))]
        if taken:
            units = {name: event.facts.get(name, {}) for name in ("scales", "units")}
            yield {"of": of, "when": when, **units, "samples": taken}


def _made(folder: Path) -> list[Event]:
    """The events of a run's own samples, at its start and at its end."""
    made = [event for event in read_events(folder / "events.jsonl") if event.kind == "sample"]
    return [event for event in made if event.facts.get("when") in ("start", "final")]


def _samples(event: Event) -> list[Mapping[str, Any]]:
    listed = event.facts.get("samples")
    return [sample for sample in listed or () if isinstance(sample, dict)]


def _copy(
    sample: Mapping[str, Any], model: Path, place: Path, run: Path
) -> Mapping[str, Any] | None:
    """The facts of a sample that was copied below `place`; None where its file is missing."""
    source = str(sample.get("path"))
    if not leads_inside(source) or not (model / source).is_file():
        return None
    folder = place / file_name(str(sample.get("name")))
    folder.mkdir(parents=True, exist_ok=True)
    copied = shutil.copy2(model / source, folder / Path(source).name)
    return {**sample, "path": str(Path(copied).relative_to(run))}
