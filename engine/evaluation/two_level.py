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
docs/presets-and-sweeps.md.
"""

import math
from collections.abc import Sequence

import numpy as np
from attrs import frozen

from engine.evaluation.paired import CONFIDENCE, Difference

FEW_SEEDS = 3
"""With fewer of each recipe, the interval is mostly as wide as what seeds do is unknown."""

Runs = Sequence[np.ndarray]
"""A recipe's figures [clips], once for each seed; the clips in the same order everywhere."""


@frozen
class TwoLevelDifference(Difference):
    """Mean difference of two recipes (new minus old), its interval over seeds and clips."""

    num_seeds: tuple[int, int]
    """Seeds of the new recipe and of the old one."""
    seed_variance: float
    """Variance of the mean difference due to seeds, without the part due to clips."""
    seed_degrees: float
    clip_variance: float
    """Variance of the mean difference due to the choice of clips."""

    def at(self, confidence: float) -> "TwoLevelDifference":
        """The difference with an interval of another confidence than 95 %."""
        half = _half_width(self.seed_variance, self.seed_degrees, self._clips, confidence)
        return TwoLevelDifference(
            self.mean,
            self.mean - half,
            self.mean + half,
            self.num_clips,
            self.num_seeds,
            self.seed_variance,
            self.seed_degrees,
            self.clip_variance,
        )

    def in_figures(self, counted: str | None = None) -> str:
        """The mean difference with its interval, over how many seeds and clips."""
        new, old = self.num_seeds
        seeds = f"{new} seeds each" if new == old else f"{new} and {old} seeds"
        return super().in_figures(counted or f"{seeds}, {self.num_clips:,} clips")

    @property
    def few(self) -> str:
        """The end of a sentence on few seeds or clips; empty where there are enough."""
        seeds = f"; fewer than {FEW_SEEDS} seeds show only large differences"
        return (seeds if min(self.num_seeds) < FEW_SEEDS else "") + super().few

    @property
    def _clips(self) -> tuple[float, int]:
        return self.clip_variance, self.num_clips - 1


def why_no_two_levels(new: Runs, old: Runs) -> str | None:
    """Why there is no interval over seeds and clips: a phrase; None where there is one."""
    for side, runs in (("first", new), ("second", old)):
        if len(runs) < 2:
            seeds = "one seed" if runs else "no seed"
            return f"the {side} was trained with {seeds}, which shows nothing of other seeds"
    if len({len(run) for run in (*new, *old)}) > 1:
        return "the runs were not evaluated on the same clips"
    if len(new[0]) == 0:
        return "the runs have no clip in common"
    known = _known(new, old)
    if not np.isfinite(_table(new, known)).all() or not np.isfinite(_table(old, known)).all():
        return "a clip has no finite figure in some of the runs"
    return None if known.sum() > 1 else "one clip is too few"


def two_level(new: Runs, old: Runs, confidence: float = CONFIDENCE) -> TwoLevelDifference:
    """Compare the figures of two recipes, by seed and clip: `why_no_two_levels` must be None.

    Clips that have no figure (nan) in any run are left out. What has no seed, such as a baseline
    that learns nothing, is given as the same figures for two seeds.
    """
    why = why_no_two_levels(new, old)
    assert why is None, why
    known = _known(new, old)
    ours, theirs = _table(new, known), _table(old, known)
    differences = ours.mean(0) - theirs.mean(0)
    clip_variance = float(differences.var(ddof=1)) / len(differences)
    parts = [_seed_variance(table) for table in (ours, theirs)]
    seeds, degrees = _welch(
        [(of_means, len(t) - 1) for (of_means, _), t in zip(parts, (ours, theirs), strict=True)]
    )
    found = TwoLevelDifference(
        float(differences.mean()),
        -math.inf,
        math.inf,
        len(differences),
        (len(ours), len(theirs)),
        max(0.0, seeds - sum(rest for _, rest in parts)),
        degrees,
        clip_variance,
    )
    return found.at(confidence)


def _known(new: Runs, old: Runs) -> np.ndarray:
    """Which clips have a figure in any run."""
    return np.asarray(~np.isnan(np.array([*new, *old], np.float64)).all(axis=0))


def _table(runs: Runs, known: np.ndarray) -> np.ndarray:
    """Figures [seeds, clips] of one recipe."""
    return np.array(runs, np.float64)[:, known]


def _seed_variance(table: np.ndarray) -> tuple[float, float]:
    """Variances of a recipe's mean: of its seeds' means, and the part of it that is the rest."""
    num_seeds, num_clips = table.shape
    of_seeds, of_clips = table.mean(axis=1, keepdims=True), table.mean(axis=0, keepdims=True)
    rest = table - of_seeds - of_clips + table.mean()
    degrees = (num_seeds - 1) * (num_clips - 1)
    of_rest = float((rest**2).sum()) / degrees / (num_seeds * num_clips)
    return float(of_seeds.var(ddof=1)) / num_seeds, of_rest


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
