"""Samples of the same input with different weights: untrained, each earlier phase, this run."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attrs import evolve, frozen

from engine.report.gallery import Exhibit, Part, can_be_shown
from engine.report.history import History
from engine.tracking.events import Event

_Made = Mapping[str, Mapping[str, Any]]
"""The facts of samples, by the digest of their input."""


@frozen
class _Version:
    """The samples of some weights."""

    title: str
    made: _Made
    scales: Mapping[str, str]
    """Digest of each figure's unit: figures with different ones are not compared."""

    def mean(self, name: str, beside: "_Version") -> float | None:
        """The mean of a figure; None where it is not known to be in the unit of that beside."""
        unit = self.scales.get(name)
        if self is not beside and (not unit or unit != beside.scales.get(name)):
            return None
        values = [_figures(sample).get(name) for sample in self.made.values()]
        known = [value for value in values if isinstance(value, int | float)]
        return sum(known) / len(known) if known else None


@frozen
class Column:
    """Some weights, and the mean of each figure over their samples."""

    title: str
    means: tuple[float | None, ...]


@frozen
class SideBySide:
    """Samples of the same inputs by several weights, the run's own last."""

    figures: tuple[str, ...]
    columns: tuple[Column, ...]
    rows: tuple[Exhibit, ...]
    """One input each, with the sample of each of the weights that have one."""


def side_by_side(history: History) -> SideBySide | None:
    """A run's last samples beside other weights' samples of the same inputs; None without any.

    Weights whose files are identical to those before them are left out, such as a phase that starts
    from its parent's best weights.
    """
    found = _versions(history)
    if not found:
        return None
    own = found[-1]
    versions = _different([evolve(one, made=_only(one.made, own.made)) for one in found])
    named = [n for one in versions for sample in one.made.values() for n in _figures(sample)]
    names = tuple(dict.fromkeys(named))
    columns = [Column(v.title, tuple(v.mean(n, versions[-1]) for n in names)) for v in versions]
    rows = [
        Exhibit(
            str(sample.get("caption") or sample["name"]),
            tuple(_part(one.title, one.made[key]) for one in versions if key in one.made),
        )
        for key, sample in own.made.items()
    ]
    return SideBySide(tuple(name.rpartition("/")[2] for name in names), tuple(columns), tuple(rows))


def _versions(history: History) -> list[_Version]:
    """All weights with their samples, in the order in which they were trained."""
    own = history.all("sample")
    events = [*history.all("earlier"), *(event for event in own if _when(event) == "start")]
    events += [event for event in own if _when(event) != "start"][-1:]
    made = [
        _Version(_title(event), _comparable(event), event.facts.get("scales", {}))
        for event in events
    ]
    return [version for version in made if version.made]


def _title(event: Event) -> str:
    name, when = str(event.facts.get("of")), _when(event)
    if when == "start":
        return f"before {name}"
    return name if when == "final" else f"{name}, step {event.step:,}"


def _when(event: Event) -> object:
    return event.facts.get("when")


def _comparable(event: Event) -> _Made:
    samples: Sequence[Mapping[str, Any]] = event.facts.get("samples", ())
    found = (sample for sample in samples if sample.get("made_of") and can_be_shown(sample))
    return {str(sample["made_of"]): sample for sample in found}


def _only(made: _Made, wanted: Iterable[str]) -> _Made:
    return {key: made[key] for key in wanted if key in made}


def _different(versions: Sequence[_Version]) -> list[_Version]:
    """Versions that have samples and differ from the one before; the last is the run's."""
    *others, last = versions
    kept: list[_Version] = []
    for one in others:
        if one.made and not (kept and _files(kept[-1].made) == _files(one.made)):
            kept.append(one)
    return [*kept, last]


def _files(made: _Made) -> dict[str, Any]:
    return {key: sample.get("sha256", sample["path"]) for key, sample in made.items()}


def _figures(sample: Mapping[str, Any]) -> Mapping[str, float]:
    figures = sample.get("figures")
    return figures if isinstance(figures, dict) else {}


def _part(title: str, sample: Mapping[str, Any]) -> Part:
    part = Part(title, notes=tuple(sample.get("notes", ())))
    setattr(part, sample["kind"], sample["path"])
    return part
