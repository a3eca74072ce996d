"""Whether runs are worse than others: over seeds and clips, or by how many were stopped."""

import math
from collections.abc import Sequence
from math import comb

import numpy as np
from attrs import field, frozen

from engine.evaluation.two_level import TwoLevelDifference, two_level, why_no_two_levels


@frozen(eq=False)
class Probe:
    """A short run: its figure of each clip, or why it was stopped."""

    figures: np.ndarray = field(factory=lambda: np.zeros(0))
    """[clips]"""
    stopped: str = ""
    """What stopped the run, as a phrase: `guard at step 3: ...`, or `preflight: ...`; empty where
    it finished."""


@frozen
class Evidence:
    """Runs compared with others: by how much they are worse, and whether that is shown."""

    is_worse: bool
    is_better: bool
    difference: TwoLevelDifference | None
    """New minus old, in the metric's own direction; None where runs were stopped."""
    said: str
    """The difference with its interval, or how many runs were stopped."""
    confidence: float = 0.95
    """Confidence of the interval."""
    is_of_stops: bool = False
    """Whether it is how many runs were stopped that is compared."""


def weigh(
    new: Sequence[Probe], old: Sequence[Probe], *, lowest: bool, chance: float = 0.025
) -> Evidence:
    """Compare the runs of two recipes, one for each seed.

    `chance` is that of calling runs worse that are not. Where runs were stopped, the question is
    whether more of the new ones were (Fisher's exact test). Fewer than two seeds show nothing.
    """
    if any(one.stopped for one in (*new, *old)):
        return _by_stops(new, old, chance)
    ours, theirs = ([one.figures for one in runs] for runs in (new, old))
    why = why_no_two_levels(ours, theirs)
    if why is not None:
        return Evidence(False, False, None, f"not compared: {why}")
    found = two_level(ours, theirs, 1 - 2 * chance)
    outcome = found.outcome(lowest=lowest)
    percent = f"{100 * (1 - 2 * chance):.4g} %"
    said = found.in_figures().replace("95 %", percent)
    return Evidence(outcome == "worse", outcome == "better", found, said, 1 - 2 * chance)


def harm(new: Sequence[Probe], old: Sequence[Probe], *, lowest: bool) -> float:
    """How much worse the new runs are on average, in the metric's unit; infinite where stopped."""
    if any(one.stopped for one in new):
        return math.inf
    change = level(new) - level(old)
    return change if lowest else -change


def level(probes: Sequence[Probe]) -> float:
    """Mean over the clips and the runs that finished; nan where none did."""
    finished = [float(np.nanmean(one.figures)) for one in probes if not one.stopped]
    return float(np.mean(finished)) if finished else math.nan


def seed_variance(groups: Sequence[Sequence[Probe]]) -> float:
    """Variance of a run's level over seeds, pooled over recipes; nan where it is not known."""
    sums = degrees = 0.0
    for group in groups:
        levels = [float(np.nanmean(one.figures)) for one in group if not one.stopped]
        if len(levels) > 1:
            sums += float(np.var(levels)) * len(levels)
            degrees += len(levels) - 1
    return sums / degrees if degrees else math.nan


def _by_stops(new: Sequence[Probe], old: Sequence[Probe], chance: float) -> Evidence:
    counts = [sum(bool(one.stopped) for one in runs) for runs in (new, old)]
    is_worse = _tail(counts[0], len(new), counts[1], len(old)) <= chance
    is_better = _tail(counts[1], len(old), counts[0], len(new)) <= chance
    why = next(one.stopped for one in (*new, *old) if one.stopped)
    said = f"{counts[0]} of {len(new)} runs were stopped, against {counts[1]} of {len(old)}: {why}"
    return Evidence(is_worse, is_better, None, said, is_of_stops=True)


def chance_of_all_stopped(number: int) -> float:
    """The chance that all of so many runs are stopped and no other, if all runs are alike.

    No smaller chance can be reached with so many runs of each of two recipes.
    """
    return _tail(number, number, 0, number)


def _tail(stopped: int, runs: int, others_stopped: int, others: int) -> float:
    """The chance of at least so many stops among `runs`, if all runs are alike (Fisher, 1935)."""
    total = stopped + others_stopped
    ways = comb(runs + others, total)
    most = min(total, runs)
    return sum(comb(runs, n) * comb(others, total - n) for n in range(stopped, most + 1)) / ways
