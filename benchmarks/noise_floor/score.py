"""How often rules call two sets of seeds different: of one recipe, and of truly different ones."""

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations

import numpy as np
from attrs import frozen
from scipy.stats import beta, t

from engine.evaluation.paired import Difference, paired_difference
from engine.evaluation.two_level import Borrowed, two_level

NUM_DRAWS = 8_000
_POWER_DRAWS = 1_000

Rule = Callable[[np.ndarray, np.ndarray], Difference]
"""From figures [seeds, clips] of two recipes to their difference."""


@frozen
class Share:
    """A share of comparisons with its 95 % interval."""

    called: float
    low: float
    high: float
    number: int
    """Comparisons."""
    independent: int
    """Number of comparisons, at most, that share no seed."""

    @property
    def said(self) -> str:
        """The share as a table has it."""
        return f"{self.called:.1%} ({self.low:.1%} to {self.high:.1%})"


def of_weights(new: np.ndarray, old: np.ndarray) -> Difference:
    """Today's rule: clip by clip, of one seed each."""
    return paired_difference(new[0], old[0])


def of_recipes(new: np.ndarray, old: np.ndarray) -> Difference:
    """The rule over seeds and clips."""
    return two_level(new, old)


def borrowing(new: np.ndarray, old: np.ndarray) -> Difference:
    """One seed against several, whose spread it borrows."""
    return two_level(new[:1], old, borrowed=Borrowed("old", old))


def all_pairs(table: np.ndarray) -> Share:
    """Pairs of single seeds of one recipe [seeds, clips] that today's rule calls different.

    The interval is Clopper and Pearson's (1934) for as many pairs as share no seed.
    """
    called = [_differs(of_weights(a[None], b[None])) for a, b in combinations(table, 2)]
    share, independent = float(np.mean(called)), len(table) // 2
    low, high = clopper_pearson(share * independent, independent)
    return Share(share, low, high, len(called), independent)


def halves(table: np.ndarray, rule: Rule, size: int) -> Share:
    """Random disjoint sets of so many seeds of one recipe that a rule calls different.

    Sets overlap, so the interval is the jackknife's over seeds (Efron and Stein, 1981): from the
    draws without each of them.
    """
    seeds, called = _of_draws(table, rule, size)
    share, count = float(called.mean()), len(table)
    without = [float(called[~(seeds == seed).any(axis=1)].mean()) for seed in range(count)]
    error = math.sqrt((count - 1) * float(np.var(without)))
    half = float(t.ppf(0.975, count - 1)) * error
    return Share(
        share, max(0.0, share - half), min(1.0, share + half), NUM_DRAWS, count // (2 * size)
    )


def power(base: np.ndarray, other: np.ndarray, rule: Rule, size: int) -> float:
    """Share of comparisons of so many seeds each in which truly different recipes are called."""
    random = np.random.default_rng(3)
    draws = ((_some(other, size, random), _some(base, size, random)) for _ in range(NUM_DRAWS))
    return float(np.mean([_differs(rule(*pair)) for pair in draws]))


def shifted_power(table: np.ndarray, shift: float, rule: Rule, size: int) -> float:
    """Power of disjoint sets of one recipe, to one of which a difference is added."""
    pairs = _disjoint(table, size, _POWER_DRAWS, 4)
    return float(np.mean([_differs(rule(new + shift, old)) for new, old in pairs]))


def clopper_pearson(hits: float, number: int) -> tuple[float, float]:
    """The exact 95 % interval of a share."""
    low = 0.0 if hits <= 0 else float(beta.ppf(0.025, hits, number - hits + 1))
    high = 1.0 if hits >= number else float(beta.ppf(0.975, hits + 1, number - hits))
    return low, high


def _of_draws(table: np.ndarray, rule: Rule, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Random disjoint sets of seeds [draws, 2 * size], and whether each pair is called."""
    random = np.random.default_rng(1)
    drawn = [random.permutation(len(table))[: 2 * size] for _ in range(NUM_DRAWS)]
    called = [_differs(rule(table[seeds[:size]], table[seeds[size:]])) for seeds in drawn]
    return np.array(drawn), np.array(called)


def _disjoint(
    table: np.ndarray, size: int, number: int, draw: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    random = np.random.default_rng(draw)
    for _ in range(number):
        chosen = table[random.permutation(len(table))[: 2 * size]]
        yield chosen[:size], chosen[size:]


def _some(table: np.ndarray, size: int, random: np.random.Generator) -> np.ndarray:
    chosen: np.ndarray = table[random.permutation(len(table))[:size]]
    return chosen


def _differs(found: Difference) -> bool:
    return found.falls or found.rises


def figures(rows: Sequence[dict[str, object]], metric: str) -> np.ndarray:
    """Figures [seeds, clips] of the seeds that finished.

    Raises ValueError where a seed is there twice, or seeds were evaluated on different sets.
    """
    seeds, sets = [row["seed"] for row in rows], {row.get("evaluation_set") for row in rows}
    if len(set(seeds)) < len(seeds) or len(sets - {None}) > 1:
        raise ValueError(
            f"seeds {seeds} have {len(sets)} evaluation sets: each seed must be there once, and "
            "all must have one set. Delete the rows that do not belong to the others."
        )
    tables = (row.get("figures") for row in rows)
    return np.array([table[metric] for table in tables if isinstance(table, dict)])
