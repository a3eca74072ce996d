"""Runs without any true gain: how many ever call an evaluation better, and what intervals cover."""

from collections.abc import Iterator, Mapping

import numpy as np

from benchmarks.always_valid.rules import RULES, Rule, covered
from benchmarks.always_valid.runs import NULLS, Make

CLIPS = (6, 30, 350)
_AT_ONCE = 100
"""Runs that are drawn at once, for memory."""

Row = dict[str, str | int]


def promise(runs: int) -> Iterator[Row]:
    """Runs of each kind that call something better, by each rule, and those covered throughout."""
    for clips in CLIPS:
        for name, make in NULLS.items():
            found: Row = {"clips": clips, "runs without a gain": name, "runs": runs}
            counts = count_false(make, runs, clips, RULES)
            yield found | {rule: share(count, runs) for rule, count in counts.items()}


def count_false(
    make: Make, runs: int, clips: int, rules: Mapping[str, Rule], seed: int = 0
) -> dict[str, int]:
    """Runs with a false 'better' by each rule, and those whose intervals all cover 0."""
    random = np.random.default_rng([seed, clips])
    counts = dict.fromkeys([*rules, "covered throughout"], 0)
    for drawn in batches(runs):
        figures = make(random, drawn, clips)
        for name, rule in rules.items():
            counts[name] += int(rule(figures).any(axis=1).sum())
        counts["covered throughout"] += int(covered(figures).sum())
    return counts


def after_a_gain(runs: int) -> Iterator[Row]:
    """Runs that gain one deviation at evaluation 10 and nothing afterwards: false 'better' then."""
    for clips in CLIPS:
        for name, make in NULLS.items():
            found: Row = {"clips": clips, "runs with one gain": name, "runs": runs}
            for title, rule in [*RULES.items()][:2]:
                random = np.random.default_rng(clips)
                false = sum(
                    _false_after(rule, make(random, drawn, clips)) for drawn in batches(runs)
                )
                found[title] = share(false, runs)
            yield found


def _false_after(rule: Rule, figures: np.ndarray, at: int = 10) -> int:
    """Runs in which a second evaluation with the gain is called better than one with it."""
    figures[:, at:] -= 1.0
    called = rule(figures)[:, at - 1 :]
    return int((called.sum(axis=1) > 1).sum())


def batches(runs: int) -> Iterator[int]:
    """Sizes of batches of runs, a hundred at most."""
    for first in range(0, runs, _AT_ONCE):
        yield min(_AT_ONCE, runs - first)


def share(count: int, of: int) -> str:
    """A share in percent, with the interval of Clopper and Pearson (1934)."""
    from scipy.stats import binomtest

    low, high = binomtest(count, of).proportion_ci()
    return f"{count / of:.1%} ({low:.1%} to {high:.1%})".replace("%", " %")
