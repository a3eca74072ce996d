"""The search for the lines that made a result worse.

1. Both recipes are tried: the bad one must be worse.
2. Delta debugging finds a smallest set of lines that is worse alone; its trials may err.
3. The set is confirmed with fresh seeds: a line is accused where taking it out of the set makes the
   result better, by the interval over seeds and clips. The chance of a wrong accusation is divided
   over lines and looks, half of it for the first set, a quarter for the second, ...
   (alpha spending), so that it holds for the whole search, whatever its trials did.
4. The other lines are tried together: are they still worse, the search goes on among them.
"""

from collections.abc import Callable, Sequence

from attrs import define, field, frozen

from engine.sweeps.bisection.ddmin import ddmin
from engine.sweeps.bisection.evidence import Evidence, harm, weigh
from engine.sweeps.bisection.trials import GOOD, BudgetSpentError, Trials, UnresolvedError

WRONG = 0.05
"""The chance that a search accuses a line that does nothing."""
_TRIED = ((0.5, 0.25), (1.0, 0.75))
"""Comparisons with the seeds of trials: the share of the seeds, and that of the chance."""
_CONFIRMED = ((0.5, 0.2), (1.0, 0.3), (2.0, 0.5))
"""Comparisons with fresh seeds, of which there are up to twice as many."""


@frozen
class Accusation:
    """A line of a set that was found, with the others of the set and without the line."""

    line: str
    evidence: Evidence | None
    """The set against the set without this line; None where that is no valid recipe."""
    why_none: str = ""

    @property
    def holds(self) -> bool:
        """Whether the line is shown to make the result worse."""
        return self.evidence is not None and self.evidence.is_worse


@frozen
class Found:
    """A smallest set of lines that makes the result worse."""

    lines: tuple[str, ...]
    together: Evidence
    """The set against the good recipe."""
    accusations: tuple[Accusation, ...]
    alone: tuple[Evidence | None, ...]
    """Each line by itself against the good recipe, in a set of two or more; None: not valid."""

    @property
    def only_together(self) -> bool:
        """Whether every line is needed, and none is shown to be worse by itself."""
        several = len(self.lines) > 1 and all(one.holds for one in self.accusations)
        return several and not any(one is not None and one.is_worse for one in self.alone)


@define
class Search:
    """A search: what was found so far, also where the budget ends it."""

    lines: Sequence[str]
    trials: Trials
    gate: Evidence | None = None
    """The bad recipe against the good one."""
    found: list[Found] = field(factory=list)
    suspected: tuple[str, ...] = ()
    """The smallest set of an unfinished step."""
    rest: Evidence | None = None
    """The lines that were not found, together, against the good recipe."""
    is_spent: bool = False
    """Whether the budget ended the search."""
    wrong: float = WRONG
    """The chance, at most, that a line is accused that does nothing."""

    def run(self) -> None:
        """Search to the end, or until the budget is spent. Nothing where the bad is not worse."""
        try:
            self.gate = self._compare([*self.lines], WRONG)
            if self.gate.is_worse:
                self._rounds()
        except BudgetSpentError:
            self.is_spent = True

    def _rounds(self) -> None:
        left, chance = [*self.lines], self.wrong
        while left:
            chance /= 2
            self.suspected = tuple(left)
            smallest = ddmin(left, self._fails(self._effect(left)))
            self.suspected = tuple(smallest)
            self.found.append(self._confirmed(smallest, chance))
            self.suspected = ()
            left = [line for line in left if line not in smallest]
            if not left or not any(one.holds for one in self.found[-1].accusations):
                return
            self.rest = self._compare(left, chance / 2)
            if not self.rest.is_worse:
                return

    def _fails(self, effect: float) -> Callable[[Sequence[str]], bool]:
        def fails(part: Sequence[str]) -> bool:
            worse = self.trials.is_worse(part, effect)
            if worse and len(part) < len(self.suspected):
                self.suspected = tuple(part)
            return worse

        return fails

    def _effect(self, lines: Sequence[str]) -> float:
        known = dict(self.trials.search_runs())
        return harm(known[frozenset(lines)], known[GOOD], lowest=self.trials.lowest)

    def _compare(self, lines: Sequence[str], chance: float) -> Evidence:
        """Lines against the good recipe, with seeds of trials."""
        try:
            return self._looked(frozenset(lines), GOOD, chance, fresh=False)
        except UnresolvedError as error:
            return Evidence(False, False, None, str(error))

    def _confirmed(self, lines: Sequence[str], chance: float) -> Found:
        whole, each = frozenset(lines), chance / len(lines)
        accusations = [self._accusation(whole, line, each) for line in lines]
        alone: list[Evidence | None] = []
        if len(lines) > 1:
            together = self._looked(whole, GOOD, each, fresh=True)
            alone = [self._alone(line, each) for line in lines]
        else:
            assert accusations[0].evidence is not None, "the good recipe is valid"
            together = accusations[0].evidence
        return Found(tuple(lines), together, tuple(accusations), tuple(alone))

    def _accusation(self, whole: frozenset[str], line: str, chance: float) -> Accusation:
        try:
            return Accusation(line, self._looked(whole, whole - {line}, chance, fresh=True))
        except UnresolvedError as error:
            return Accusation(line, None, str(error))

    def _alone(self, line: str, chance: float) -> Evidence | None:
        try:
            return self._looked(frozenset([line]), GOOD, chance, fresh=True)
        except UnresolvedError:
            return None

    def _looked(
        self, new: frozenset[str], old: frozenset[str], chance: float, *, fresh: bool
    ) -> Evidence:
        """Two recipes compared at a few looks, which share the chance of a wrong "worse"."""
        trials = self.trials
        for of_seeds, of_chance in _CONFIRMED if fresh else _TRIED:
            number = max(2, int(of_seeds * trials.num_seeds))
            runs = [trials.runs(lines, number, fresh=fresh) for lines in (old, new)]
            found = weigh(runs[1], runs[0], lowest=trials.lowest, chance=chance * of_chance)
            if found.is_worse or found.is_better:
                break
        return found
