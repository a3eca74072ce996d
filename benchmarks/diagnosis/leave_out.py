"""Diagnoses of recorded runs by a library in which something of theirs is left out.

By system: the library has no run of the same system. By family: it has none of the same family of
faults, but others in the same part of the setup, where there are some. By part: it has none of that
part, so that "no diagnosis" is right.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from attrs import frozen

from engine.report.diagnosis.diagnosis import Diagnosis, diagnosed
from engine.report.diagnosis.likeness import Library
from engine.report.diagnosis.signatures import HEALTHY, Signature

LeftOut = Callable[[Signature], object]
"""A key of runs: those with the same key are left out together."""


@frozen
class Score:
    """Counts over runs."""

    top_1: int
    """Faults whose part of the setup is named first."""
    top_3: int
    """Faults whose part is among the three that are named."""
    named: int
    """Faults for which any part is named."""
    faults: int
    false_alarms: int
    """Healthy runs for which a fault is named."""
    healthy: int


@frozen
class Results:
    """The scores, by what was left out."""

    by_system: Score
    by_family: Score
    by_both: Score
    """A run's family of faults and its system are both left out."""
    by_part: Score
    of_system: Mapping[str, Score]
    """By the system that was left out."""
    of_part: Mapping[str, Score]
    """Scores by the true part, where the system was left out."""


def evaluate(runs: Sequence[Signature]) -> Results:
    """Diagnose every run without what resembles it by origin."""
    by_system = _diagnoses(runs, lambda run: run.system)
    return Results(
        by_system=score(by_system),
        by_family=score(_diagnoses(runs, _family)),
        by_both=score(_without_both(runs)),
        by_part=score(_diagnoses(runs, _part)),
        of_system=_grouped(by_system, lambda run: run.system),
        of_part=_grouped(by_system, lambda run: run.part),
    )


def score(diagnoses: Iterable[tuple[Signature, Diagnosis]]) -> Score:
    """Count what was named rightly and wrongly."""
    pairs = list(diagnoses)
    faults = [(run, [one.part for one in found.likeliest]) for run, found in pairs]
    wrong = [(run, named) for run, named in faults if run.part != HEALTHY]
    healthy = [named for run, named in faults if run.part == HEALTHY]
    return Score(
        top_1=sum(named[:1] == [run.part] for run, named in wrong),
        top_3=sum(run.part in named for run, named in wrong),
        named=sum(bool(named) for _, named in wrong),
        faults=len(wrong),
        false_alarms=sum(map(bool, healthy)),
        healthy=len(healthy),
    )


def _diagnoses(runs: Sequence[Signature], key: LeftOut) -> list[tuple[Signature, Diagnosis]]:
    libraries = {
        value: Library([run for run in runs if key(run) != value]) for value in set(map(key, runs))
    }
    return [(run, diagnosed(run.seen, libraries[key(run)])) for run in runs]


def _without_both(runs: Sequence[Signature]) -> list[tuple[Signature, Diagnosis]]:
    found = []
    for left_out in dict.fromkeys((_family(run), run.system) for run in runs):
        family, system = left_out
        library = Library([one for one in runs if one.system != system and _family(one) != family])
        alike = [run for run in runs if (_family(run), run.system) == left_out]
        found += [(run, diagnosed(run.seen, library)) for run in alike]
    return found


def _family(run: Signature) -> object:
    """Healthy runs are left out one by one, not all at once."""
    return (run.part, id(run)) if run.part == HEALTHY else (run.part, run.family)


def _part(run: Signature) -> object:
    return (run.part, id(run)) if run.part == HEALTHY else run.part


def _grouped(
    diagnoses: Iterable[tuple[Signature, Diagnosis]], key: Callable[[Signature], str]
) -> dict[str, Score]:
    grouped: dict[str, list[tuple[Signature, Diagnosis]]] = {}
    for run, found in diagnoses:
        grouped.setdefault(key(run), []).append((run, found))
    return {name: score(pairs) for name, pairs in sorted(grouped.items())}
