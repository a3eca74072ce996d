"""Which recorded runs a run resembles: naive Bayes over the answers to a few questions.

Answers are taken as independent, given the fault (Domingos and Pazzani, 1997, on why the ranking is
good even where they are not). A question that a run does not answer counts for nothing.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

from attrs import field, frozen

from engine.report.diagnosis.signatures import Signature

_SMOOTHING = 0.5
"""Added to every count, so that an answer that no run gave is unlikely, and not impossible."""
_TEMPER = 0.7
"""Power of the product: answers depend on each other, and all of them count too much. Chosen among
0.5, 0.7 and 1 by the runs of docs/truth/broken-runs.md, "Diagnosis"."""
_FEWEST = 5
"""Recorded runs of a part from which it is named: fewer show what one run looks like, by chance."""
_SPEAKS = math.log(1.2)
"""An answer speaks for a fault where it is so much more frequent in its runs than in all."""
_Key = TypeVar("_Key", bound=Hashable)


@frozen
class Likeness:
    """How probable it is that a part of the setup is broken, given a run's answers."""

    part: str
    fault: str
    """The fault in it whose recorded runs are most alike."""
    probability: float


@frozen
class Library:
    """Recorded runs, counted."""

    runs: Sequence[Signature]
    _parts: Mapping[str, "_Counted"] = field(init=False)
    _faults: Mapping[tuple[str, str], "_Counted"] = field(init=False)
    _all: "_Counted" = field(init=False)

    def __attrs_post_init__(self) -> None:
        numbers = Counter(run.part for run in self.runs)
        known = [run for run in self.runs if numbers[run.part] >= _FEWEST]
        parts = _grouped(known, lambda run: run.part)
        faults = _grouped(self.runs, lambda run: (run.part, run.fault))
        object.__setattr__(self, "_parts", parts)
        object.__setattr__(self, "_faults", faults)
        object.__setattr__(self, "_all", _Counted(self.runs))

    def likenesses(self, seen: Mapping[str, str]) -> list[Likeness]:
        """Every part, the likeliest first; all are taken as equally frequent before a look."""
        logs = {name: self._log(one, seen) for name, one in self._parts.items()}
        most = max(logs.values(), default=0.0)
        weights = {part: math.exp(log - most) for part, log in logs.items()}
        total = sum(weights.values())
        found = [
            Likeness(part, self._most_alike(part, seen), weight / total)
            for part, weight in weights.items()
        ]
        return sorted(found, key=lambda one: -one.probability)

    def agreement(self, seen: Mapping[str, str]) -> float:
        """The share of a run's answers that the recorded run most like it gave too."""
        known = [name for name in seen if name in self._all.answers]
        alike = (sum(run.seen.get(name) == seen[name] for name in known) for run in self.runs)
        return max(alike, default=0) / (len(known) or 1)

    def evidence(self, one: Likeness, seen: Mapping[str, str], most: int = 3) -> list[str]:
        """The questions whose answers speak most for a fault, against all runs together."""
        of_fault = self._faults[one.part, one.fault]
        gains = {
            name: self._chance(of_fault, name, answer) - self._chance(self._all, name, answer)
            for name, answer in seen.items()
            if name in self._all.answers
        }
        best = sorted(gains, key=lambda name: -gains[name])[:most]
        return [name for name in best if gains[name] > _SPEAKS]

    def _most_alike(self, part: str, seen: Mapping[str, str]) -> str:
        logs = {
            fault: self._log(one, seen)
            for (of_part, fault), one in self._faults.items()
            if of_part == part
        }
        return max(logs, key=lambda fault: logs[fault])

    def _log(self, counted: "_Counted", seen: Mapping[str, str]) -> float:
        known = (name for name in seen if name in self._all.answers)
        return _TEMPER * sum(self._chance(counted, name, seen[name]) for name in known)

    def _chance(self, counted: "_Counted", name: str, answer: str) -> float:
        """Log probability of an answer in some runs."""
        counts = counted.answers.get(name, Counter())
        total = counts.total() + _SMOOTHING * (len(self._all.answers[name]) + 1)
        return math.log((counts[answer] + _SMOOTHING) / total)


class _Counted:
    """The answers of some runs."""

    def __init__(self, runs: Iterable[Signature]) -> None:
        self.answers: dict[str, Counter[str]] = defaultdict(Counter)
        for run in runs:
            for name, answer in run.seen.items():
                self.answers[name][answer] += 1


def _grouped(runs: Iterable[Signature], key: Callable[[Signature], _Key]) -> dict[_Key, _Counted]:
    groups: dict[_Key, list[Signature]] = defaultdict(list)
    for run in runs:
        groups[key(run)].append(run)
    return {name: _Counted(of_group) for name, of_group in groups.items()}
