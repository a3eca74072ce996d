"""The search for the lines that made a result worse.

1. Both recipes are tried: the good one must pass preflight, and the bad one must be worse. Where
   the bad one does not pass preflight, that takes the place of runs in all that follows.
2. Delta debugging finds a smallest set of lines that is worse alone; its trials may err.
3. The set is confirmed with fresh seeds: a line is accused where taking it out of the set makes the
   result better, by the interval over seeds and clips. The chance of a wrong accusation is divided
   over lines and looks, half of it for the first set, a quarter for the second, ...
   (alpha spending), so that it holds for the whole search, whatever its trials did.
4. The other lines are tried together: are they still worse, the search goes on among them.
"""

from collections.abc import Callable, Sequence
from itertools import count

from attrs import define, field, frozen

from engine.sweeps.bisection.ddmin import ddmin
from engine.sweeps.bisection.evidence import Evidence, chance_of_all_stopped, harm, weigh
from engine.sweeps.bisection.refusals import Refusals
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
    by_preflight: bool = False
    """Whether preflight alone decides, and nothing is trained."""
    fault: str = ""
    """Why one of the two cannot be trained, so that there is nothing to search for."""
    is_spent: bool = False
    """Whether the budget ended the search."""
    wrong: float = WRONG
    """The chance, at most, that a line is accused that does nothing."""

    def run(self) -> None:
        """Search to the end, or until the budget is spent. Nothing where the bad is not worse."""
        try:
            self.gate = self._gate(frozenset(self.lines))
            if self.gate.is_worse:
                good, bad = (self.trials.named(one) for one in (GOOD, frozenset(self.lines)))
                self.trials.say(f"{bad} is worse than {good}: {self.gate.said}")
                self._rounds()
        except BudgetSpentError:
            self.is_spent = True

    def _gate(self, bad: frozenset[str]) -> Evidence:
        """The bad recipe against the good one: by preflight where that decides, else by runs."""
        trials, refusals = self.trials, Refusals(self.trials)
        try:
            is_stopped = bool(trials.preflight(bad, trials.first_seed))
            if why := trials.preflight(GOOD, trials.first_seed):
                said = why.removeprefix("preflight: ")
                self.fault = f"{trials.named(GOOD)} does not pass preflight: {said}"
                return Evidence(False, False, None, self.fault)
            if is_stopped:
                found = refusals.compare(bad, GOOD)
                self.by_preflight = found.is_worse
                if self.by_preflight:
                    return found
            return self._looked(bad, GOOD, WRONG, fresh=False)
        except UnresolvedError as error:
            of_good = (bad, trials.first_seed) in trials.asked and not trials.done
            self.fault = f"{trials.named(GOOD if of_good else bad)} cannot be tried: {error}"
            return Evidence(False, False, None, self.fault)

    def _rounds(self) -> None:
        left, chance = [*self.lines], self.wrong
        while left:
            chance /= 2
            self.suspected = tuple(left)
            smallest = ddmin(left, self._fails(left))
            self.suspected = tuple(smallest)
            self.found.append(self._confirmed(smallest, chance))
            self.suspected = ()
            left = [line for line in left if line not in smallest]
            if not left or not any(one.holds for one in self.found[-1].accusations):
                return
            self.rest = self._compare(left, chance / 2)
            if not self.rest.is_worse:
                return

    def _fails(self, lines: Sequence[str]) -> Callable[[Sequence[str]], bool]:
        trials, effect = self.trials, 0.0 if self.by_preflight else self._effect(lines)

        def fails(part: Sequence[str]) -> bool:
            if self.by_preflight:
                worse = trials.is_stopped(part, trials.first_seed)
            else:
                worse = trials.is_worse(part, effect)
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
        if self.by_preflight:
            return Refusals(trials).compare(new, old)
        for of_seeds, of_chance in _CONFIRMED if fresh else _TRIED:
            number = max(2, int(of_seeds * trials.num_seeds))
            runs = [trials.runs(lines, number, fresh=fresh) for lines in (old, new)]
            found = weigh(runs[1], runs[0], lowest=trials.lowest, chance=chance * of_chance)
            if found.is_worse or found.is_better:
                break
        return found


def least_seeds() -> int:
    """The least number of seeds with which stopped runs can be shown to be worse.

    That is where every run of the bad recipe is stopped, and none of the good one.
    """
    return next(number for number in count(2) if _shows_stops(number))


def _shows_stops(num_seeds: int) -> bool:
    """Whether the last look of the first comparison, and of a confirmation, can show it."""
    (of_tried, tried), (of_fresh, confirmed) = _TRIED[-1], _CONFIRMED[-1]
    return (
        chance_of_all_stopped(int(of_tried * num_seeds)) <= WRONG * tried
        and chance_of_all_stopped(int(of_fresh * num_seeds)) <= WRONG / 2 * confirmed
    )
