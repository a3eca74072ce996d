import numpy as np
import pytest
from scipy.stats import linregress, ttest_1samp

from engine.training.model_selection import Score
from engine.training.trend import falls, trend

STEPS = [100, 200, 350, 500, 900]


@pytest.fixture
def random():
    return np.random.default_rng(3)


def scores(figures):
    return [
        Score(step, float(one.mean()), {"m": one}) for step, one in zip(STEPS, figures, strict=True)
    ]


def test_the_trend_of_values_is_scipys_regression(random):
    values = random.normal(size=5)
    found, theirs = trend(scores(values[:, None]), None), linregress(STEPS, values)
    assert found.change == pytest.approx(theirs.slope * 800)
    assert found.error == pytest.approx(theirs.stderr * 800)
    assert found.chance(lower=theirs.slope < 0) == pytest.approx(theirs.pvalue / 2)
    assert found.chance(lower=theirs.slope >= 0) == 1.0


def test_the_trend_of_clips_is_students_test_of_a_regression_of_each(random):
    figures = random.normal(size=(5, 46)) - 0.001 * np.array(STEPS)[:, None]
    found = trend(scores(figures), "m")
    changes = [linregress(STEPS, clip).slope * 800 for clip in figures.T]
    theirs = ttest_1samp(changes, 0.0, alternative="less")
    assert found.change == pytest.approx(np.mean(changes))
    assert found.chance(lower=True) == pytest.approx(theirs.pvalue)
    low, high = ttest_1samp(changes, 0.0).confidence_interval()
    assert f"(95 % CI {low:+.3g} to {high:+.3g})" in found.sentence(1)
    low, high = ttest_1samp(changes, 0.0).confidence_interval(1 - 0.05 / 16)
    assert f"(95 % CI {low:+.3g} to {high:+.3g} over 16 comparisons)" in found.sentence(16)


def test_a_change_that_is_said_to_be_missed_is_missed_so_often(random):
    """By 5 of 100 looks, of runs whose clips change by so much."""
    threshold, looks, missed = 0.4, 2_000, 0
    still = trend(scores(random.normal(size=(5, 46))), "m")
    for _ in range(looks):
        noise = random.normal(size=(5, 46))
        line = still.missed(threshold, 1) * (np.array(STEPS) - 100) / 800
        missed += trend(scores(noise - line[:, None]), "m").chance(lower=True) >= threshold
    assert 0.02 < missed / looks < 0.09


def test_the_line_through_pairs_falls_or_does_not():
    assert falls([(1, 3.0), (2, 3.5), (3, 1.0)])
    assert not falls([(1, 1.0), (2, 3.5), (3, 3.0)])
    assert not falls([(1, 1.0)])
    assert not falls([])
