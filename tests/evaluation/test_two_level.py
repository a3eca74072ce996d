import math

import numpy as np
import pytest

from engine.evaluation.paired import paired_difference
from engine.evaluation.two_level import (
    Borrowed,
    against_fixed,
    seed_variance,
    two_level,
    why_no_two_levels,
)


def recipes(num_seeds, num_clips, seed_spread, shift=0.0, random=None):
    """Figures [seeds, clips] of two recipes whose clips are the same and whose seeds are not."""
    random = np.random.default_rng(0) if random is None else random
    hard = 4.0 + 2.0 * random.standard_normal(num_clips)

    def figures():
        clips = hard + 0.1 * random.standard_normal(num_clips)
        seeds = seed_spread * random.standard_normal((num_seeds, 1))
        return clips + seeds + 0.05 * random.standard_normal((num_seeds, num_clips))

    return figures() + shift, figures()


def test_the_interval_is_that_of_the_formula():
    new = np.array([[1.0, 2.0, 4.0], [2.0, 2.0, 5.0]])
    old = np.array([[0.0, 1.0, 1.0], [0.0, 3.0, 1.0]])
    found = two_level(new, old)
    # Runs' means differ by 2/3 in both recipes: variances of a mean 1/9 + 1/9, with two degrees.
    # What is left of rows and columns varies by 1/6 and 2/3, over six figures each.
    seeds = 2 / 9 - (1 / 6 + 2 / 3) / 6
    clips = np.var([1.5, 0.0, 3.5], ddof=1) / 3
    half = math.sqrt(4.30265273**2 * (seeds + clips))
    assert found.mean == pytest.approx(5 / 3)
    assert (found.low, found.high) == pytest.approx((5 / 3 - half, 5 / 3 + half))


@pytest.mark.parametrize(("num_seeds", "seed_spread"), [(2, 0.0), (2, 0.2), (3, 0.02)])
def test_the_interval_covers_the_truth_as_often_as_it_says(num_seeds, seed_spread):
    random = np.random.default_rng(3)
    tries = [two_level(*recipes(num_seeds, 30, seed_spread, random=random)) for _ in range(600)]
    assert sum(one.low <= 0 <= one.high for one in tries) / len(tries) > 0.94


def test_clips_alone_call_recipes_different_that_only_seeds_tell_apart():
    new, old = recipes(3, 350, seed_spread=0.2)
    of_weights = [paired_difference(a, b) for a, b in zip(new, old, strict=True)]
    assert all(one.falls or one.rises for one in of_weights)
    assert two_level(new, old).outcome(lowest=True) == "undecided"


def test_a_difference_beyond_what_seeds_do_is_told_and_the_sentence_counts_both():
    found = two_level(*recipes(3, 350, seed_spread=0.01, shift=-0.5))
    assert "(95 % CI " in found.sentence(lowest=True)
    assert found.sentence(lowest=True).endswith("3 seeds each, 350 clips): better")


def test_two_seeds_say_that_they_are_few():
    assert (
        "fewer than 3 seeds show only large differences"
        in two_level(*recipes(2, 30, 0.1)).sentence()
    )


def test_a_stricter_confidence_is_wider_and_95_percent_is_its_own():
    found = two_level(*recipes(3, 30, 0.1))
    assert found.at(0.95) == found
    assert found.at(0.99).low < found.low


def test_what_learns_nothing_has_no_seeds_and_leaves_the_others_degrees():
    new, old = recipes(3, 30, 0.1)
    found = against_fixed(new, old[0])
    assert found.seed_degrees == pytest.approx(2)
    assert "(95 % CI " in found.sentence()
    assert ", 3 seeds, 30 clips)" in found.sentence()
    assert "fewer than" not in found.sentence()


def test_a_recipe_with_one_seed_borrows_the_spread_of_the_other_and_says_whose_it_is():
    new, old = recipes(5, 350, 0.2)
    found = two_level(new[:1], old, borrowed=Borrowed("old", old))
    of_means, of_rest = seed_variance(old)
    assert found.seed_variance == pytest.approx((1 + 1 / 5) * (of_means - of_rest))
    assert found.seed_degrees == pytest.approx(4), "both variances are one estimate, of five seeds"
    assert "the spread over seeds is that of old, 5 seeds, 350 clips)" in found.sentence()


def test_two_recipes_with_one_seed_borrow_a_third_ones_spread():
    new, old = recipes(1, 100, 0.2, random=np.random.default_rng(1))
    third = recipes(5, 100, 0.2, random=np.random.default_rng(2))[0]
    found = two_level(new, old, borrowed=Borrowed("third", third))
    of_means, of_rest = seed_variance(third)
    assert found.seed_variance == pytest.approx(2 * (of_means - of_rest))
    assert found.seed_degrees == pytest.approx(4)


def test_what_has_seeds_of_its_own_borrows_nothing():
    new, old = recipes(3, 30, 0.2)
    assert two_level(new, old, borrowed=Borrowed("old", old)) == two_level(new, old)


def test_a_borrowed_interval_covers_the_truth_where_seeds_vary_alike():
    random = np.random.default_rng(5)
    pairs = [recipes(5, 30, 0.2, random=random) for _ in range(400)]
    tries = [two_level(new[:1], old, borrowed=Borrowed("old", old)) for new, old in pairs]
    assert sum(one.low <= 0 <= one.high for one in tries) / len(tries) > 0.93


def test_a_clip_without_a_figure_anywhere_is_left_out():
    new, old = recipes(2, 10, 0.1)
    new[:, 4] = old[:, 4] = math.nan
    assert two_level(new, old).num_clips == 9


@pytest.mark.parametrize(
    ("new", "old", "why"),
    [
        (np.ones((1, 5)), np.ones((2, 5)), "the first was trained with one seed"),
        (np.ones((2, 5)), [], "the second was trained with no seed"),
        (np.ones((2, 5)), np.ones((2, 4)), "not evaluated on the same clips"),
        (np.ones((2, 0)), np.ones((2, 0)), "no clip in common"),
        (np.ones((2, 1)), np.ones((2, 1)), "one clip is too few"),
        (np.ones((2, 5)), np.ones((3, 5)), "every seed and clip differs by exactly as much"),
        (np.ones((2, 3)), [[1.0, 2.0, 4.0]] * 2, "every seed has the same figures"),
        ([[1.0, 2.0], [1.0, math.nan]], np.ones((2, 2)), "no finite figure in some of the runs"),
        (np.full((2, 3), math.nan), np.full((2, 3), math.nan), "one clip is too few"),
    ],
)
def test_where_there_is_no_interval_it_is_said_why(new, old, why):
    assert why in why_no_two_levels(list(map(np.array, new)), list(map(np.array, old)))


def test_a_reversed_difference_has_its_numbers_of_seeds_reversed():
    new, old = recipes(3, 30, 0.1, shift=0.2)
    found = two_level(new, old[:2])
    turned, other = found.reversed, two_level(old[:2], new)
    assert turned.num_seeds == other.num_seeds == (2, 3)
    assert (turned.low, turned.high) == pytest.approx((other.low, other.high))
    assert "2 and 3 seeds" in turned.in_figures()
