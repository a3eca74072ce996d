import math

import numpy as np
import pytest

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


@pytest.mark.parametrize(("paired", "better"), [(True, False), (False, True)])
def test_a_lower_mean_within_the_noise_is_better_by_value_alone(paired, better):
    selection = SelectionRule("eval/m", lowest=True, paired=paired)
    assert selection.is_better(reached(CLIPS + NOISE), reached(CLIPS)) is better


def test_a_small_gain_on_every_clip_is_better():
    selection = SelectionRule("eval/m", lowest=True, paired=True)
    assert selection.is_better(reached(CLIPS - 0.01), reached(CLIPS))
    assert not selection.is_better(reached(CLIPS + 0.01), reached(CLIPS))


def test_the_better_side_is_the_higher_one_where_the_recipe_says_so():
    selection = SelectionRule("eval/m", lowest=False, paired=True)
    assert selection.is_better(reached(CLIPS + 0.01), reached(CLIPS))
    assert not selection.is_better(reached(CLIPS - 0.01), reached(CLIPS))


def test_metrics_without_a_figure_for_each_clip_go_by_value():
    selection = SelectionRule("eval/other", lowest=True, paired=True)
    assert selection.is_better(Score(2, 0.9), Score(1, 1.0))
    assert selection.difference(Score(2, 0.9), Score(1, 1.0)) is None


def test_one_clip_goes_by_value():
    selection = SelectionRule("eval/m", lowest=True, paired=True)
    assert selection.is_better(reached(np.array([0.9])), reached(np.array([1.0])))


def test_what_is_no_number_never_takes_the_place_of_a_number_and_always_gives_way():
    selection = SelectionRule("eval/m", lowest=True, paired=True)
    nothing = reached(CLIPS, math.nan)
    assert not selection.is_better(nothing, reached(CLIPS))
    assert selection.is_better(reached(CLIPS), nothing)
    assert not selection.is_better(nothing, nothing)
