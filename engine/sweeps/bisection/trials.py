"""Short runs of a recipe with some lines of another, counted, and repeated only while undecided."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal, Protocol

from attrs import define, field, frozen

from engine.sweeps.bisection.evidence import Probe, harm, level, seed_variance

Lines = frozenset[str]
"""The lines of the bad recipe that a recipe has; none of them: the good recipe."""
Outcome = Literal["worse", "not worse", "unresolved"]

GOOD: Lines = frozenset()
_WRONG = 0.05
"""The chance of a wrong outcome of one trial, which costs runs and accuses no line."""
_BOUND = math.log((1 - _WRONG) / _WRONG)


class UnresolvedError(Exception):
    """A recipe that is not valid, or cannot be compared, with the reason as a phrase."""


class BudgetSpentError(Exception):
    """The runs that were allowed are used up."""


class Oracle(Protocol):
    """What trains a recipe with some lines of the bad one."""

    def run(self, lines: Lines, seed: int) -> Probe:
        """The short run of a recipe with a seed. Raises UnresolvedError."""

    def preflight(self, lines: Lines, seed: int) -> str:
        """Why a recipe does not pass preflight, as a phrase; empty where it does.

        Raises UnresolvedError.
        """


@frozen
class Trial:
    """One recipe that was tried, and the outcome."""

    lines: tuple[str, ...]
    outcome: Outcome
    num_runs: int
    harm: float
    """How much worse than the good recipe, in units of the metric: infinite where a run was
    stopped, nan where unresolved or not measured."""
    why: str = ""
    """Why it is unresolved, or what stopped its runs."""


@define
class Trials:
    """All short runs of a search, by lines and seed."""

    oracle: Oracle
    lowest: bool
    """Whether lower values of the metric are better."""
    num_seeds: int
    """The most seeds of a trial; up to twice as many more confirm an accusation."""
    first_seed: int
    most_runs: int
    say: Callable[[str], None]
    names: Mapping[Lines, str] = field(factory=dict)
    """Names of recipes for people; others are named after their lines."""
    done: dict[tuple[Lines, int], Probe] = field(factory=dict)
    asked: dict[tuple[Lines, int], str] = field(factory=dict)
    """What preflight alone said."""
    tried: list[Trial] = field(factory=list)

    def runs(self, lines: Lines, number: int, *, fresh: bool = False) -> list[Probe]:
        """The runs of a recipe with the first seeds; `fresh`: with seeds that no trial has used."""
        first = self.first_seed + (self.num_seeds if fresh else 0)
        return [self.run(lines, seed) for seed in range(first, first + number)]

    def run(self, lines: Lines, seed: int) -> Probe:
        """One run. Raises UnresolvedError, and BudgetSpentError before a run too many."""
        if (lines, seed) not in self.done:
            if len(self.done) >= self.most_runs:
                raise BudgetSpentError
            probe = self.done[lines, seed] = self.oracle.run(lines, seed)
            found = f"stopped by {probe.stopped}" if probe.stopped else f"{level([probe]):.5g}"
            self.say(f"run {len(self.done):,}: {self.named(lines)}, seed {seed}: {found}")
        return self.done[lines, seed]

    def preflight(self, lines: Lines, seed: int) -> str:
        """Why a recipe does not pass preflight; empty where it does. Raises UnresolvedError."""
        if (lines, seed) not in self.asked:
            found = self.asked[lines, seed] = self.oracle.preflight(lines, seed)
            said = f"preflight of {self.named(lines)}, seed {seed}"
            self.say(f"{said}: {found.removeprefix('preflight: ') or 'passed'}")
        return self.asked[lines, seed]

    def named(self, lines: Lines) -> str:
        """A recipe as people read it."""
        good = self.names.get(GOOD, "the good recipe")
        with_lines = f"{good} with {', '.join(sorted(lines))}" if lines else good
        return self.names.get(lines, with_lines)

    def search_runs(self) -> Iterator[tuple[Lines, list[Probe]]]:
        """All runs with the seeds of trials, by recipe."""
        for lines in dict.fromkeys(lines for lines, _ in self.done):
            last = self.first_seed + self.num_seeds
            yield lines, [p for (one, seed), p in self.done.items() if one == lines and seed < last]

    def is_worse(self, lines: Sequence[str], effect: float) -> bool:
        """Whether the recipe reproduces the harm `effect`, rather than none at all.

        Wald's sequential test (1945) of the two, with normal errors whose variance is pooled over
        all recipes tried so far: a seed is added only while neither is 19 times as likely as the
        other. With the last seed the likelier of the two is taken.
        """
        trial = self._trial(frozenset(lines), tuple(lines), effect)
        self.tried.append(trial)
        self._say_trial(trial)
        return trial.outcome == "worse"

    def is_stopped(self, lines: Sequence[str], seed: int) -> bool:
        """Whether preflight stops the recipe with a seed: a trial in which nothing is trained."""
        named = tuple(lines)
        try:
            why = self.preflight(frozenset(lines), seed)
        except UnresolvedError as error:
            trial = Trial(named, "unresolved", 0, math.nan, str(error))
            self._say_trial(trial)
        else:
            trial = Trial(named, "not worse", 0, math.nan)
            if why:
                trial = Trial(named, "worse", 0, math.inf, f"stopped by {why}")
        self.tried.append(trial)
        return trial.outcome == "worse"

    def _say_trial(self, trial: Trial) -> None:
        many = f"{trial.num_runs} run{'' if trial.num_runs == 1 else 's'}"
        said = f"{many}, {trial.why}" if trial.why else many
        self.say(f"{trial.outcome} ({said}): with {', '.join(trial.lines)}")

    def _trial(self, lines: Lines, named: tuple[str, ...], effect: float) -> Trial:
        probes: list[Probe] = []
        for seed in range(self.first_seed, self.first_seed + self.num_seeds):
            try:
                probes.append(self.run(lines, seed))
            except UnresolvedError as error:
                return Trial(named, "unresolved", len(probes), math.nan, str(error))
            likelier = self._log_likelihood_ratio(probes, effect)
            if abs(likelier) >= _BOUND:
                break
        outcome: Outcome = "worse" if likelier > 0 else "not worse"
        why = next((f"stopped by {one.stopped}" for one in probes if one.stopped), "")
        return Trial(named, outcome, len(probes), self._harm(probes), why)

    def _log_likelihood_ratio(self, probes: Sequence[Probe], effect: float) -> float:
        """How much likelier the harm is than none, in nats."""
        found = self._harm(probes)
        if not math.isfinite(effect) or not math.isfinite(found):
            return math.inf if found == math.inf else -math.inf
        runs = dict(self.search_runs())
        good = runs[GOOD]
        variance = max(seed_variance([*runs.values()]), 1e-24 + (1e-6 * effect) ** 2)
        of_mean = variance * (1 / len(probes) + 1 / len(good))
        return effect / of_mean * (found - effect / 2)

    def _harm(self, probes: Sequence[Probe]) -> float:
        good = next(runs for lines, runs in self.search_runs() if lines == GOOD)
        return harm(probes, good, lowest=self.lowest)

    def level(self, lines: Lines) -> float:
        """Mean of the metric over all runs of a recipe."""
        return level([probe for (one, _), probe in self.done.items() if one == lines])
