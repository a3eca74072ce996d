"""What a run's figures look like, in a sentence or two: which planted faults left such figures."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from attrs import frozen

from engine.report.diagnosis.figures import Figures
from engine.report.diagnosis.likeness import Library, Likeness
from engine.report.diagnosis.observations import observe
from engine.report.diagnosis.signatures import HEALTHY, Signature, recorded

SURE = 0.5
"""Probability below which no part is said to be broken."""
ALIKE = 0.7
"""Share of answers that some recorded run must have given too: else the run is like none."""
_NAMED = 3
"""Parts that are named."""


@frozen
class Diagnosis:
    """Which recorded runs a run resembles."""

    likeliest: Sequence[Likeness]
    """Parts that may be broken, the likeliest first; empty where none is likely."""
    undecided_among: Sequence[Likeness]
    """Parts that fit about equally, so that none is named."""
    is_healthy: bool
    """Whether it resembles those runs most in which no fault was planted."""
    seen: Mapping[str, str]
    """Answers by question: `observations.py`."""
    evidence: Sequence[str]
    """The questions that speak most for the likeliest fault."""
    num_alike: int
    num_of_fault: int
    """Recorded runs with that fault, and how many of these give the same answers to those."""
    num_others_alike: int
    num_others: int

    def sentence(self) -> str:
        """The diagnosis in words; empty where the run looks like a healthy one."""
        if self.is_healthy:
            return ""
        if self.undecided_among:
            several = "; ".join(map(_with_chance, self.undecided_among))
            return f"The figures fit several recorded faults: no diagnosis. Likeliest: {several}."
        if not self.likeliest:
            return "The figures look like no recorded fault: no diagnosis."
        first, *others = self.likeliest
        because = ", ".join(f"{name}: {self.seen[name]}" for name in self.evidence)
        alike = f"as in {self.num_alike} of {self.num_of_fault} such runs"
        beside = f"and {self.num_others_alike} of {self.num_others} others"
        said = f"The figures look like those of runs in which {first.fault} ({because}; {alike} "
        next_ = f" Next likeliest: {'; '.join(map(_with_chance, others))}." if others else ""
        return f"{said}{beside}; probability {first.probability:.0%}).{next_}"


def diagnose(folder: Path) -> Diagnosis:
    """The diagnosis of a run's or a model's folder."""
    return diagnosed(observe(Figures.of(folder)), Library(recorded()))


def diagnosed(seen: Mapping[str, str], library: Library) -> Diagnosis:
    """The diagnosis by what is seen in a run."""
    ranked = library.likenesses(seen) or [Likeness(HEALTHY, "", 0.0)]
    top = ranked[0]
    is_like_some = library.agreement(seen) >= ALIKE
    is_healthy = is_like_some and top.part == HEALTHY
    faults = [one for one in ranked if one.part != HEALTHY][:_NAMED]
    is_sure = is_like_some and not is_healthy and top.probability >= SURE
    evidence = library.evidence(top, seen) if is_sure else []
    likely = faults if evidence else []
    undecided = faults if is_like_some and not is_healthy and not likely else []
    alike, others = (
        [run for run in library.runs if (run.fault == top.fault) is same] for same in (True, False)
    )
    counts = (
        number
        for runs in (alike, others)
        for number in (sum(_answers_alike(run, seen, evidence) for run in runs), len(runs))
    )
    return Diagnosis(likely, undecided, is_healthy, seen, evidence, *counts)


def _answers_alike(run: Signature, seen: Mapping[str, str], names: Sequence[str]) -> bool:
    return all(run.seen.get(name) == seen[name] for name in names)


def _with_chance(one: Likeness) -> str:
    return f"{one.fault} ({one.probability:.0%})"
