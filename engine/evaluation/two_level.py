"""Whether one recipe is better than another: the interval over seeds and clips.

A recipe trained with another seed gives other weights. An interval over clips alone speaks of the
weights that were compared; to speak of the recipes, both must be trained with several seeds, and
all of these runs be evaluated on the same clips. The figures of a recipe then form a table [seeds,
clips], whose two ways are crossed: a figure is mean + seed + clip + rest (Cornfield and Tukey,
1956). Neither way may be left out (Bouthillier et al., *Accounting for Variance in Machine Learning
Benchmarks*, 2021).

The half width of the interval is the root of

    t(seeds)^2 * max(0, V(seeds) - V(rest)) + t(clips)^2 * V(clips)

with the variances of the difference of means: V(seeds) of the runs' means, V(clips) of each clip's
difference, averaged over seeds, and V(rest), which both of these contain, of what a table has
besides rows and columns. t(clips) has clips - 1 degrees of freedom, t(seeds) those of Welch (1947).
Seeds are not paired: seed 1 of one recipe has nothing in common with seed 1 of another. Each part
keeps its own t, as in the interval of Banerjee (1960); one t for the sum (Satterthwaite, 1946)
covers 93.8 % with two seeds and 350 clips. The simulated coverage is what the interval rests on:
docs/seeds.md.

A recipe that was trained with one seed may borrow what seeds do from another: the variance of that
recipe's seeds then stands for its own, in V(seeds) and in V(rest). The interval holds as far as the
two recipes' seeds vary alike, and says whose they are.
"""

import math
from collections.abc import Sequence

import numpy as np
from attrs import evolve, frozen

from engine.evaluation.paired import CONFIDENCE, Difference

FEW_SEEDS = 3
"""With fewer of each recipe, the interval is mostly as wide as what seeds do is unknown."""

Runs = Sequence[np.ndarray] | np.ndarray
"""A recipe's figures [clips], once for each seed; the clips in the same order everywhere."""


@frozen
class Borrowed:
    """Seeds of a recipe, whose spread stands for that of a recipe with one seed."""

    name: str
    runs: Runs

    @property
    def said(self) -> str:
        """Whose spread over seeds it is."""
        return f"the spread over seeds is that of {self.name}, {len(self.runs)} seeds"


@frozen
class TwoLevelDifference(Difference):
    """Mean difference of two recipes (new minus old), its interval over seeds and clips."""

    num_seeds: tuple[int, int]
    """Seeds of the new recipe and of the old one; 0 of what learns nothing."""
    seed_variance: float
    """Variance of the mean difference due to seeds, without the part due to clips."""
    seed_degrees: float
    clip_variance: float
    """Variance of the mean difference due to the choice of clips."""
    borrowed: Borrowed | None = None
    """The recipe whose spread over seeds a recipe with one seed borrows."""

    @property
    def reversed(self) -> "TwoLevelDifference":
        """The difference as old minus new, with the numbers of seeds in that order."""
        new, old = self.num_seeds
        return evolve(self, mean=-self.mean, low=-self.high, high=-self.low, num_seeds=(old, new))

    def at(self, confidence: float) -> "TwoLevelDifference":
        """The difference with an interval of another confidence than 95 %."""
        half = _half_width(self.seed_variance, self.seed_degrees, self._clips, confidence)
        return evolve(self, low=self.mean - half, high=self.mean + half)

    def in_figures(self, counted: str | None = None) -> str:
        """The mean difference with its interval, over how many seeds and clips."""
        return super().in_figures(counted or f"{self._seeds}, {self.num_clips:,} clips")

    @property
    def few(self) -> str:
        """The end of a sentence on few seeds or clips; empty where there are enough."""
        seeds = f"; fewer than {FEW_SEEDS} seeds show only large differences"
        seeds_of = self.num_seeds if self.borrowed is None else (len(self.borrowed.runs),)
        fewest = min(filter(None, seeds_of))
        return (seeds if fewest < FEW_SEEDS else "") + super().few

    @property
    def _seeds(self) -> str:
        if self.borrowed is not None:
            return self.borrowed.said
        new, old = self.num_seeds
        if 0 in (new, old):
            return f"{new or old} seeds"
        return f"{new} seeds each" if new == old else f"{new} and {old} seeds"

    @property
    def _clips(self) -> tuple[float, int]:
        return self.clip_variance, self.num_clips - 1


def why_no_two_levels(new: Runs, old: Runs, *, borrowed: Borrowed | None = None) -> str | None:
    """Why there is no interval over seeds and clips: a phrase; None where there is one."""
    lent = () if borrowed is None else borrowed.runs
    for side, runs in (("first", new), ("second", old)):
        if len(runs if len(runs) > 1 else lent) < 2 or not len(runs):
            seeds = "one seed" if len(runs) else "no seed"
            return f"the {side} was trained with {seeds}, which shows nothing of other seeds"
    if len({len(run) for run in (*new, *old, *lent)}) > 1:
        return "the runs were not evaluated on the same clips"
    if len(new[0]) == 0:
        return "the runs have no clip in common"
    known = _known(new, old)
    tables = [_table(runs, known) for runs in (new, old, lent) if len(runs)]
    if not all(np.isfinite(table).all() for table in tables):
        return "a clip has no finite figure in some of the runs"
    if known.sum() < 2:
        return "one clip is too few"
    return _why_no_spread(tables)


def _why_no_spread(tables: Sequence[np.ndarray]) -> str | None:
    """Why figures [seeds, clips] show nothing of chance: they do not differ at all."""
    if any(np.ptp(table, axis=0).any() for table in tables):
        return None
    if np.ptp(tables[0][0] - tables[1][0]) > 0:
        return "every seed has the same figures, so seeds show nothing of chance"
    return "every seed and clip differs by exactly as much, which shows nothing of chance"


def two_level(
    new: Runs, old: Runs, confidence: float = CONFIDENCE, borrowed: Borrowed | None = None
) -> TwoLevelDifference:
    """Compare the figures of two recipes, by seed and clip: `why_no_two_levels` must be None.

    Clips that have no figure (nan) in any run are left out. A recipe of one seed takes the variance
    of `borrowed`.
    """
    why = why_no_two_levels(new, old, borrowed=borrowed)
    assert why is None, why
    known = _known(new, old)
    ours, theirs = _table(new, known), _table(old, known)
    differences = ours.mean(0) - theirs.mean(0)
    takes = borrowed is not None and min(len(new), len(old)) == 1
    lent = _table(borrowed.runs, known) if borrowed is not None and takes else None
    seeds, rest, degrees = _over_seeds([ours, theirs], lent)
    found = TwoLevelDifference(
        float(differences.mean()),
        -math.inf,
        math.inf,
        len(differences),
        (len(ours), len(theirs)),
        max(0.0, seeds - rest),
        degrees,
        float(differences.var(ddof=1)) / len(differences),
        borrowed if takes else None,
    )
    return found.at(confidence)


def against_fixed(
    new: Runs, fixed: np.ndarray, confidence: float = CONFIDENCE
) -> TwoLevelDifference | str:
    """Compare a recipe with figures [clips] that no seed changes; a phrase where that is not so.

    They are those of a baseline that learns nothing.
    """
    old = [fixed, fixed]
    why = why_no_two_levels(new, old)
    return why or evolve(two_level(new, old, confidence=confidence), num_seeds=(len(new), 0))


def _over_seeds(
    tables: Sequence[np.ndarray], lent: np.ndarray | None
) -> tuple[float, float, float]:
    """V(seeds), V(rest), and the degrees of freedom of V(seeds).

    Recipes that take one estimate add up before the degrees are counted: a sum of the same estimate
    has its degrees, not more.
    """
    parts: dict[bytes, tuple[float, float, int]] = {}
    for table in tables:
        source = table if len(table) > 1 or lent is None else lent
        of_means, of_rest = seed_variance(source)
        before = parts.get(source.tobytes(), (0.0, 0.0, 0))
        parts[source.tobytes()] = (
            before[0] + of_means / len(table),
            before[1] + of_rest / len(table),
            len(source) - 1,
        )
    seeds, degrees = _welch([(of_means, count) for of_means, _, count in parts.values()])
    return seeds, sum(of_rest for _, of_rest, _ in parts.values()), degrees


def _known(new: Runs, old: Runs) -> np.ndarray:
    """Which clips have a figure in any run."""
    return np.asarray(~np.isnan(np.array([*new, *old], np.float64)).all(axis=0))


def _table(runs: Runs, known: np.ndarray) -> np.ndarray:
    """Figures [seeds, clips] of one recipe."""
    return np.array(runs, np.float64)[:, known]


def seed_variance(table: np.ndarray) -> tuple[float, float]:
    """Variances of a seed's mean in figures [seeds, clips]: over seeds, and the part that is rest.

    The rest is what the table has besides rows and columns.
    """
    num_seeds, num_clips = table.shape
    of_seeds, of_clips = table.mean(axis=1, keepdims=True), table.mean(axis=0, keepdims=True)
    rest = table - of_seeds - of_clips + table.mean()
    degrees = (num_seeds - 1) * (num_clips - 1)
    return float(of_seeds.var(ddof=1)), float((rest**2).sum()) / degrees / num_clips


def _welch(parts: Sequence[tuple[float, int]]) -> tuple[float, float]:
    """The sum of variances with so many degrees of freedom, and the degrees of the sum."""
    total = sum(variance for variance, _ in parts)
    below = sum(variance**2 / degrees for variance, degrees in parts)
    return total, total**2 / below if below else float(min(degrees for _, degrees in parts))


def _half_width(
    seed_variance: float, seed_degrees: float, clips: tuple[float, int], confidence: float
) -> float:
    from scipy.special import stdtrit  # half a second to import

    clip_variance, clip_degrees = clips
    reach = (1 + confidence) / 2
    squared = float(stdtrit(seed_degrees, reach)) ** 2 * seed_variance
    squared += float(stdtrit(clip_degrees, reach)) ** 2 * clip_variance
    return math.sqrt(squared)
