import math

import numpy as np
import pytest
from scipy.stats import chi2

from engine.evaluation.seed_spread import deviation_interval, seed_spread, why_no_spread
from engine.evaluation.two_level import two_level


def figures(num_seeds, num_clips, seed_spread, random, shift=0.0):
    """Figures [seeds, clips] of a recipe."""
    hard = np.linspace(1.0, 2.0, num_clips)
    seeds = seed_spread * random.standard_normal((num_seeds, 1))
    return shift + hard + seeds + 0.05 * random.standard_normal((num_seeds, num_clips))


def test_the_deviation_is_that_of_the_means_with_its_chi_square_interval():
    table = np.array([[1.0, 2.0], [2.0, 3.0], [3.0, 5.0]])
    found = seed_spread(table)
    deviation = np.std([1.5, 2.5, 4.0], ddof=1)
    low, high = (deviation * math.sqrt(2 / chi2.ppf(share, 2)) for share in (0.975, 0.025))
    assert found.deviation == pytest.approx(deviation)
    assert (found.low, found.high) == pytest.approx((low, high))


def test_the_interval_of_the_deviation_covers_the_truth():
    random = np.random.default_rng(0)
    drawn = random.standard_normal((1000, 5)).std(axis=1, ddof=1)
    ends = [deviation_interval(one, 5) for one in drawn]
    assert 0.93 < sum(low <= 1.0 <= high for low, high in ends) / 1000 < 0.97


def test_the_smallest_difference_is_called_in_about_80_of_100_comparisons():
    random = np.random.default_rng(1)
    spread = seed_spread(figures(200, 50, 0.2, random))
    _, smallest = spread.shown_by(5)
    pairs = (
        (figures(5, 50, 0.2, random, smallest), figures(5, 50, 0.2, random)) for _ in range(400)
    )
    called = sum(two_level(*pair).rises for pair in pairs)
    assert 0.7 < called / 400 < 0.9


def test_more_seeds_show_less():
    spread = seed_spread(figures(5, 50, 0.2, np.random.default_rng(2)))
    smallest = [spread.shown_by(number)[1] for number in (2, 3, 5, 10, 20)]
    assert smallest == sorted(smallest, reverse=True)


@pytest.mark.parametrize(
    ("runs", "why"),
    [
        ([np.ones(4)], "one seed shows nothing of other seeds"),
        ([], "no seed shows nothing of other seeds"),
        ([np.ones(4), np.ones(5)], "the seeds were not evaluated on the same clips"),
        ([np.array([1.0, math.nan]), np.ones(2)], "a clip has no finite figure with some seed"),
        ([np.array([1.0]), np.array([2.0])], "one clip is too few"),
        ([np.ones(4), np.ones(4)], "all seeds have the same figures, so their spread is not known"),
    ],
)
def test_where_there_is_no_spread_it_is_said_why(runs, why):
    assert why_no_spread(runs) == why
