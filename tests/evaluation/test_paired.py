import math

import numpy as np
import pytest

from engine.evaluation.paired import Difference, paired_difference


def evaluations(num_clips, shift, spread=0.1, seed=0):
    """Figures of clips that differ much more from one another than one evaluation from the next."""
    random = np.random.default_rng(seed)
    old = 4.0 + 2.0 * random.standard_normal(num_clips)
    return old + shift + spread * random.standard_normal(num_clips), old


def test_the_interval_is_students_of_the_differences():
    new, old = np.array([1.0, 2.0, 4.0]), np.array([1.5, 2.0, 3.0])
    found = paired_difference(new, old)
    half = 4.30265273 * 0.76376262 / math.sqrt(3)  # t(2 degrees, 97.5 %), deviation of -0.5, 0, 1
    assert found.mean == pytest.approx(1 / 6)
    assert (found.low, found.high) == pytest.approx((1 / 6 - half, 1 / 6 + half))


def test_what_makes_clips_hard_falls_out():
    found = paired_difference(*evaluations(200, shift=-0.05))
    assert found.falls
    assert found.high - found.low < 0.06


def test_the_interval_covers_the_truth_as_often_as_it_says():
    found = [paired_difference(*evaluations(6, shift=0.0, seed=seed)) for seed in range(1000)]
    assert 0.93 < sum(one.low <= 0 <= one.high for one in found) / len(found) < 0.97


@pytest.mark.parametrize("num_clips", [2, 6])
def test_few_clips_make_a_wide_interval_and_say_so(num_clips):
    found = paired_difference(*evaluations(num_clips, shift=-0.02))
    assert not found.falls
    assert "fewer than 30 clips show only large differences" in found.sentence()


def test_one_clip_tells_nothing():
    found = paired_difference(np.array([1.0]), np.array([2.0]))
    assert (found.falls, found.rises) == (False, False)


def test_a_clip_without_a_number_leaves_no_interval():
    found = paired_difference(np.array([1.0, math.nan, 1.0]), np.array([2.0, 2.0, 2.0]))
    assert (found.falls, found.rises) == (False, False)


def test_the_same_figures_are_no_change():
    found = paired_difference(np.ones(50), np.ones(50))
    assert found.sentence() == ("+0 (95 % CI +0 to +0, 50 clips): indistinguishable from noise")


def test_the_sentence_says_better_or_worse_where_it_knows_the_better_side():
    new, old = evaluations(100, shift=-0.5)
    found = paired_difference(new, old)
    assert found.sentence().endswith("100 clips): lower")
    assert found.sentence(lowest=True).endswith("better")
    assert found.sentence(lowest=False).endswith("worse")


def test_a_hundred_thousand_clips_are_one_pass_and_the_same_each_time():
    new, old = evaluations(100_000, shift=-0.001)
    assert paired_difference(new, old) == paired_difference(new.copy(), old.copy())


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            Difference(-1.853, -1.906, -1.8, 350),
            "-1.853 (95 % CI -1.906 to -1.800, 350 clips): lower",
        ),
        (
            Difference(-0.0117, -0.04, 0.0166, 46),
            "-0.012 (95 % CI -0.040 to +0.017, 46 clips): indist",
        ),
        (
            Difference(1234.5, 1000.0, 1469.0, 2000),
            "+1234 (95 % CI +1000 to +1469, 2,000 clips): h",
        ),
        (Difference(2e-9, 1e-9, 3e-9, 50), "+2e-09 (95 % CI +1e-09 to +3e-09, 50 clips): higher"),
    ],
)
def test_figures_have_the_digits_that_the_interval_warrants(found, said):
    assert found.sentence().startswith(said)


@pytest.mark.parametrize(("low", "high"), [(-0.08, -0.0004), (0.00002, 0.5)])
def test_an_end_that_is_not_nought_is_not_printed_as_nought(low, high):
    said = Difference((low + high) / 2, low, high, 50).sentence(lowest=True)
    ends = said.partition("CI ")[2].partition(",")[0].split(" to ")
    assert all(float(end) != 0 for end in ends)
