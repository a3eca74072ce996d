"""How much a recipe's result moves with the seed, and the smallest difference that seeds can show.

The standard deviation of the seeds' means has a chi-square interval, exact for normal means. What
n seeds of two recipes show follows from the interval of `two_level`, for two recipes that are
alike: the half width of the interval, and the true difference that 80 of 100 comparisons call. The
latter is (t(97.5 %) + t(80 %)) standard errors (Cohen, *Statistical Power Analysis*, 1988, 2.3).
"""

import math

import numpy as np
from attrs import frozen

from engine.evaluation.paired import CONFIDENCE
from engine.evaluation.two_level import Runs, seed_variance

POWER = 0.8
"""Share of comparisons that call the smallest difference."""


@frozen
class SeedSpread:
    """Means of a metric over clips, one for each seed, and how far they lie apart."""

    num_seeds: int
    num_clips: int
    mean: float
    deviation: float
    """Standard deviation of the seeds' means."""
    low: float
    high: float
    """The 95 % interval of the standard deviation: chi-square, with num_seeds - 1 degrees."""
    means: tuple[float, ...]
    """The mean over clips of each seed."""
    rest: float
    """The part of the variance of a seed's mean that is neither seed nor clip."""

    @property
    def mean_interval(self) -> tuple[float, float]:
        """The 95 % interval of the mean over all seeds, on these clips: Student's t."""
        from scipy.special import stdtrit  # half a second to import

        t = float(stdtrit(self.num_seeds - 1, (1 + CONFIDENCE) / 2))
        half = t * self.deviation / math.sqrt(self.num_seeds)
        return self.mean - half, self.mean + half

    def shown_by(self, num_seeds: int) -> tuple[float, float]:
        """What so many seeds of each of two such recipes show of their difference.

        The half width of its 95 % interval, and the true difference that is called in 80 of 100
        comparisons.
        """
        from scipy.special import stdtrit  # half a second to import

        degrees = 2 * (num_seeds - 1), self.num_clips - 1
        parts = max(0.0, self.deviation**2 - self.rest), self.rest
        half, power = (
            math.sqrt(
                sum(
                    float(stdtrit(count, reach)) ** 2 * 2 * part / num_seeds
                    for count, part in zip(degrees, parts, strict=True)
                )
            )
            for reach in ((1 + CONFIDENCE) / 2, POWER)
        )
        return half, half + power


def why_no_spread(runs: Runs) -> str | None:
    """Why runs with several seeds show no spread: a phrase; None where they do."""
    if len(runs) < 2:
        return f"{'one seed shows' if len(runs) else 'no seed shows'} nothing of other seeds"
    if len({len(run) for run in runs}) > 1:
        return "the seeds were not evaluated on the same clips"
    table = _known(runs)
    if not np.isfinite(table).all():
        return "a clip has no finite figure with some seed"
    if table.shape[1] < 2:
        return "one clip is too few"
    if not np.ptp(table, axis=0).any():
        return "all seeds have the same figures, so their spread is not known"
    return None


def seed_spread(runs: Runs) -> SeedSpread:
    """The spread of a recipe's runs, one for each seed: `why_no_spread` must be None."""
    why = why_no_spread(runs)
    assert why is None, why
    table = _known(runs)
    num_seeds, num_clips = table.shape
    of_means, of_rest = seed_variance(table)
    deviation = math.sqrt(of_means)
    low, high = deviation_interval(deviation, num_seeds)
    return SeedSpread(
        num_seeds=num_seeds,
        num_clips=num_clips,
        mean=float(table.mean()),
        deviation=deviation,
        low=low,
        high=high,
        means=tuple(map(float, np.nanmean(table, axis=1))),
        rest=min(of_rest, of_means),
    )


def deviation_interval(deviation: float, count: int) -> tuple[float, float]:
    """The 95 % interval of a standard deviation of so many normal figures, two or more."""
    from scipy.special import chdtri  # half a second to import

    degrees, tail = count - 1, (1 - CONFIDENCE) / 2
    ends = (float(chdtri(degrees, one)) for one in (tail, 1 - tail))
    low, high = (deviation * math.sqrt(degrees / end) for end in ends)
    return low, high


def _known(runs: Runs) -> np.ndarray:
    """Figures [seeds, clips] of the clips that have one with any seed."""
    table = np.array(runs, np.float64)
    return table[:, ~np.isnan(table).all(axis=0)]
