"""How often guards of `xtts_phase1` stop a run that they should let go on, over simulated runs.

As in that recipe there are 16 evaluations, one each 100 steps, here of 46 clips. Each clip's figure
moves by 0.02 from one evaluation to the next, and the training metric, logged every 50 steps, by
0.06.
"""

import numpy as np
import pytest
from scipy.stats import binomtest

from benchmarks.always_valid.plateau import is_stopped, named_gain
from engine.recipe.judgement import Guard
from engine.training.evaluation_history import FALSE_STOPS
from engine.training.guards import Guards, Moment
from engine.training.model_selection import SelectionRule

GAP = Guard(gap="train/mel_ce", gap_steps=300)
PLATEAU = Guard(plateau_steps=500)
RUNS, CLIPS = 300, 46


def stopped_at(guard, evaluation, training, seed, wander=False):
    """The step at which the guard stops a run whose true values are functions of the step."""
    random = np.random.default_rng(seed)
    best = SelectionRule("eval/mel_ce", lowest=True, paired=True, comparisons=16)
    guards = Guards({"eval/mel_ce": (guard,)}, best)
    clips, moved = random.normal(3.5, 0.3, CLIPS), np.zeros(CLIPS)
    for step in range(50, 1601, 50):
        guards.watch({"train/mel_ce": training(step) + random.normal(0, 0.06)}, Moment(step, 0.0))
        if step % 100:
            continue
        moved = random.normal(0, 0.02, CLIPS) + (moved if wander else 0.0)
        figures = clips + moved + evaluation(step)
        value = {"eval/mel_ce": float(figures.mean())}
        if guards.watch(value, Moment(step, 0.0), {"mel_ce": figures}):
            return step
    return None


def stops(guard, evaluation, training=lambda step: 3.0, runs=RUNS, **more):
    found = [stopped_at(guard, evaluation, training, seed, **more) for seed in range(runs)]
    return [step for step in found if step]


def interval(stopped, runs=RUNS):
    """The share of runs that are stopped, by 95 % confidence (Clopper and Pearson, 1934)."""
    return binomtest(len(stopped), runs).proportion_ci()


def flat(step):
    return 0.0


def gains(step):
    return -0.002 * step / 100


def falls(step):
    return 3.0 - 0.02 * step / 100


@pytest.mark.parametrize("wander", [False, True])
@pytest.mark.parametrize("training", [lambda step: 3.0, falls])
def test_of_runs_that_neither_gain_nor_lose_hardly_one_is_learned_by_heart(training, wander):
    found = stops(GAP, flat, training, wander=wander)
    assert interval(found).low <= FALSE_STOPS
    assert len(found) <= 6


def test_a_run_that_gains_slowly_is_not_learned_by_heart_and_seldom_a_plateau():
    assert interval(stops(GAP, gains, falls)).high < 0.02
    assert interval(stops(PLATEAU, gains)).high < 0.12


def test_a_run_that_stands_still_is_a_plateau():
    found = stops(PLATEAU, flat, runs=100)
    assert interval(found, 100).low > 0.95
    assert np.median(found) <= 700


def test_the_gain_that_a_message_names_is_let_go_on_over_the_whole_run():
    of_all, of_one = named_gain(16, draws=10), named_gain(1, draws=10)
    assert sum(is_stopped(of_all, 16, seed) for seed in range(40)) <= 4
    assert sum(is_stopped(of_one, 1, seed) for seed in range(40)) > 4


def test_a_run_that_falls_and_then_stands_still_is_a_plateau():
    found = stops(PLATEAU, lambda step: 1.0 - min(step, 600) / 1000, runs=100)
    assert interval(found, 100).low > 0.95
    assert min(found) > 700


def test_a_run_that_learns_by_heart_is_stopped():
    found = stops(GAP, lambda step: 0.01 * abs(step - 400) / 100, falls, runs=100)
    assert interval(found, 100).low > 0.95
    assert min(found) >= 600
    assert np.median(found) <= 900


def test_a_slow_rise_is_found_in_time():
    assert interval(stops(GAP, lambda step: 0.003 * step / 100, falls, runs=100), 100).low > 0.9


def test_a_rise_without_a_fall_in_training_is_no_gap():
    assert not stops(GAP, lambda step: 0.02 * step / 100, lambda step: step / 100, runs=20)
