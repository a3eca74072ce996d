"""Which recorded runs a run resembles: naive Bayes over the answers to a few questions.

Answers are taken as independent, given the fault (Domingos and Pazzani, 1997, on why the ranking is
good even where they are not). A question that a run does not answer counts for nothing.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from attrs import field, frozen

from engine.report.diagnosis.signatures import Signature

_SMOOTHING = 0.5
"""Added to every count, so that an answer that no run gave is unlikely, and not impossible."""
_TEMPER = 0.5
"""Power of the product: answers depend on each other, and all of them count too much."""


@frozen
class Likeness:
    """How probable a family of faults is, given a run's answers."""

    family: str
    probability: float


@frozen
class Library:
    """Recorded runs, counted."""

    runs: Sequence[Signature]
    _counts: Mapping[str, Mapping[str, Counter[str]]] = field(init=False)
    _answers: Mapping[str, int] = field(init=False)
    """How many answers each question has."""

    def __attrs_post_init__(self) -> None:
        counts: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
        answers: dict[str, set[str]] = defaultdict(set)
        for run in self.runs:
            for name, answer in run.seen.items():
                counts[run.family][name][answer] += 1
                answers[name].add(answer)
        object.__setattr__(self, "_counts", counts)
        object.__setattr__(self, "_answers", {name: len(those) for name, those in answers.items()})

    def likenesses(self, seen: Mapping[str, str]) -> list[Likeness]:
        """Every family, the likeliest first."""
        logs = {family: self._log(family, seen) for family in self._counts}
        most = max(logs.values(), default=0.0)
        weights = {family: math.exp(log - most) for family, log in logs.items()}
        total = sum(weights.values())
        found = [Likeness(family, weight / total) for family, weight in weights.items()]
        return sorted(found, key=lambda one: -one.probability)

    def agreement(self, seen: Mapping[str, str]) -> float:
        """The share of a run's answers that the recorded run most like it gave too."""
        known = [name for name in seen if name in self._answers]
        alike = (sum(run.seen.get(name) == seen[name] for name in known) for run in self.runs)
        return max(alike, default=0) / (len(known) or 1)

    def evidence(self, family: str, seen: Mapping[str, str], most: int = 3) -> list[str]:
        """The questions whose answers speak most for a family, against all runs together."""
        gains = {
            name: self._chance(family, name, answer) - self._chance(None, name, answer)
            for name, answer in seen.items()
            if name in self._answers
        }
        best = sorted(gains, key=lambda name: -gains[name])[:most]
        return [name for name in best if gains[name] > math.log(1.2)]

    def _log(self, family: str, seen: Mapping[str, str]) -> float:
        """All families are taken as equally frequent: how often people make a fault is unknown."""
        known = (name for name in seen if name in self._answers)
        return _TEMPER * sum(self._chance(family, name, seen[name]) for name in known)

    def _chance(self, family: str | None, name: str, answer: str) -> float:
        """Log probability of an answer in a family, or in all runs."""
        if family is None:
            counted: Counter[str] = Counter()
            for of_family in self._counts.values():
                counted += of_family[name]
        else:
            counted = self._counts[family][name]
        total = counted.total() + _SMOOTHING * (self._answers[name] + 1)
        return math.log((counted[answer] + _SMOOTHING) / total)
