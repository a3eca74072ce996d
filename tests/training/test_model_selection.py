import math

import numpy as np
import pytest
from attrs import evolve

from engine.training.model_selection import Score, SelectionRule
from engine.training.system import Evaluated

CLIPS = np.linspace(1.0, 9.0, 50)
NOISE = np.where(np.arange(50) % 2, 0.2, -0.21)


def reached(per_clip, value=None):
    value = float(per_clip.mean()) if value is None else value
    return SelectionRule("eval/m", True, True).score(
        1, Evaluated({"eval/m": value}, {"m": per_clip})
    )


def test_the_first_evaluation_is_the_best():
    assert SelectionRule("eval/m", lowest=True, paired=True).is_better(reached(CLIPS), None)


@pytest.mark.parametrize("paired", [True, False])
def test_the_lower_mean_is_kept(paired):
    selection = SelectionRule("eval/m", lowest=True, paired=paired)
    assert selection.is_better(reached(CLIPS + NOISE), reached(CLIPS))
    assert not selection.is_better(reached(CLIPS), reached(CLIPS + NOISE))
    assert not selection.is_better(reached(CLIPS), reached(CLIPS))


@pytest.mark.parametrize(("paired", "shown"), [(True, False), (False, True)])
def test_a_lower_mean_within_the_noise_is_shown_better_by_value_alone(paired, shown):
    selection = SelectionRule("eval/m", lowest=True, paired=paired)
    assert selection.is_shown_better(reached(CLIPS + NOISE), reached(CLIPS)) is shown


def test_a_small_gain_on_every_clip_is_shown_better():
    selection = SelectionRule("eval/m", lowest=True, paired=True)
    assert selection.is_shown_better(reached(CLIPS - 0.01 + NOISE / 10), reached(CLIPS))
    assert not selection.is_shown_better(reached(CLIPS + 0.01 + NOISE / 10), reached(CLIPS))


def test_a_gain_that_one_evaluation_would_show_is_not_shown_at_forty():
    new, old = reached(CLIPS - 0.065 + NOISE), reached(CLIPS)
    once = SelectionRule("eval/m", lowest=True, paired=True)
    often = evolve(once, comparisons=40)
    assert once.is_shown_better(new, old)
    assert not often.is_shown_better(new, old)
    assert "over 40 comparisons, 50 clips): indistinguishable from noise" in often.said(new, old)


def test_the_better_side_is_the_higher_one_where_the_recipe_says_so():
    selection = SelectionRule("eval/m", lowest=False, paired=True)
    assert selection.is_better(reached(CLIPS + 0.01), reached(CLIPS))
    assert not selection.is_better(reached(CLIPS - 0.01), reached(CLIPS))


@pytest.mark.parametrize(
    ("new", "old", "why"),
    [
        (Score(2, 0.9), Score(1, 1.0), "the metric has no figure of each clip"),
        (reached(np.array([0.9])), reached(np.array([1.0])), "there is one clip"),
        (reached(CLIPS - 0.1), reached(CLIPS), "all clips differ by the same amount"),
        (
            reached(np.array([0.5, math.nan]), 0.9),
            reached(np.array([0.5, 0.5]), 1.0),
            "a clip has no finite figure",
        ),
    ],
)
def test_without_an_interval_values_are_compared_and_why_is_said(new, old, why):
    selection = SelectionRule("eval/m", lowest=True, paired=True)
    assert selection.difference(new, old) is None
    assert selection.is_better(new, old)
    assert selection.is_shown_better(new, old)
    assert selection.said(new, old).endswith(f"better by its value alone ({why})")
    assert "CI" not in selection.said(new, old)


def test_a_recipe_that_compares_values_says_so():
    selection = SelectionRule("eval/m", lowest=True, paired=False)
    said = selection.said(reached(CLIPS + NOISE), reached(CLIPS))
    assert said.endswith("better by its value alone (training.best_by is 'value')")


def test_what_is_no_number_never_takes_the_place_of_a_number_and_always_gives_way():
    selection = SelectionRule("eval/m", lowest=True, paired=True)
    nothing = reached(CLIPS, math.nan)
    assert not selection.is_better(nothing, reached(CLIPS))
    assert selection.is_better(reached(CLIPS), nothing)
    assert not selection.is_better(nothing, nothing)
