"""What a run remembers of its evaluations: which is the best, and which was shown to be better."""

import math

import numpy as np
import pytest

from benchmarks.always_valid.promise import count_false
from benchmarks.always_valid.rules import RULES, together
from benchmarks.always_valid.runs import EVALUATIONS, correlated, independent
from engine.recipe.training import Start
from engine.training.record import Record
from engine.training.state import Saved
from engine.training.system import Evaluated
from tests.training.toy import toy_recipe

NUM_CLIPS = 40
NOISE = np.random.default_rng(0).normal(0.0, 0.1, (EVALUATIONS, NUM_CLIPS))


def evaluated(figures):
    return Evaluated({"eval/error": float(np.mean(figures))}, {"error": np.asarray(figures)})


def begun(first, num_evaluations=EVALUATIONS):
    record = Record.of(toy_recipe(start=Start(from_="before")), num_evaluations)
    record.begin("parent", evaluated(first), {})
    return record


def follow(record, *evaluations, first_step=1):
    looks = []
    for step, figures in enumerate(evaluations, start=first_step):
        looks.append(record.look(step, evaluated(figures)))
        [*record.take(looks[-1])]
    return looks


def test_the_best_mean_is_kept_and_only_what_is_shown_is_called_better():
    record = begun(1.0 + NOISE[0])
    lower, much_lower = 0.999 + NOISE[0] + 0.1 * (NOISE[1] - NOISE[1].mean()), 0.5 + NOISE[2]
    first, second, third = follow(record, lower, much_lower, 0.6 + NOISE[3])
    assert [look.is_best for look in (first, second, third)] == [True, True, False]
    assert [look.is_shown_better for look in (first, second, third)] == [False, True, False]
    assert (record.best.step, record.reference.step) == (2, 2)
    assert first.said.startswith("eval/error against step 0: -0.00")
    assert first.said.endswith("40 clips): indistinguishable from noise; the best so far")
    assert second.said.endswith("over 40 comparisons, 40 clips): better")
    assert third.said.startswith("eval/error against step 2: +0.083 ")


def test_small_gains_add_up_until_they_are_shown():
    start = 1.0 + NOISE[0]
    looks = follow(begun(start), *(start - 0.01 * at + 0.5 * NOISE[at] for at in range(1, 12)))
    shown = [at for at, look in enumerate(looks, start=1) if look.is_shown_better]
    assert shown
    assert shown[0] > 1
    assert looks[shown[0] - 1].facts["difference"]["against_step"] == 0


def test_a_run_without_a_parent_is_compared_with_its_first_evaluation():
    record = Record.of(toy_recipe(), 3)
    record.begin("untrained", evaluated(NOISE[0] + 9.0), {})
    first, second = follow(record, 1.0 + NOISE[1], 1.0 + NOISE[2])
    assert (first.said, first.is_best) == (None, True)
    assert second.said.startswith("eval/error against step 1: ")


@pytest.mark.parametrize("seed", range(3))
def test_what_is_simulated_is_what_a_run_does(seed):
    figures = independent(np.random.default_rng(seed), 1, 6)
    figures[0, 15:] -= 3.0
    looks = follow(begun(figures[0, 0]), *figures[0, 1:])
    called = together(figures)[0]
    assert called.any()
    assert [look.is_shown_better for look in looks] == [*called]


@pytest.mark.parametrize("make", [independent, correlated])
def test_of_runs_without_a_gain_few_ever_call_one(make):
    until_now, cantus, *_ = RULES.items()
    counts = count_false(make, 400, 6, dict([until_now, cantus]))
    assert counts[until_now[0]] > 0.15 * 400
    assert counts[cantus[0]] <= 0.04 * 400  # promised: 0.025
    assert counts["covered throughout"] >= 0.93 * 400  # promised: 0.95


def test_a_resumed_run_goes_on_as_an_undisturbed_one():
    figures = independent(np.random.default_rng(4), 1, NUM_CLIPS)[0]
    figures[20:] -= 1.0
    whole = follow(begun(figures[0]), *figures[1:])
    first = begun(figures[0])
    early = follow(first, *figures[1:12])
    second = Record.of(toy_recipe(start=Start(from_="before")), EVALUATIONS)
    second.load(first.state())
    late = follow(second, *figures[12:], first_step=12)
    assert [look.facts for look in (*early, *late)] == [look.facts for look in whole]


def test_a_checkpoint_of_an_older_version_goes_on_from_its_best():
    record = begun(1.0 + NOISE[0])
    follow(record, 0.5 + NOISE[1])
    saved = record.state()
    older = Saved({k: v for k, v in saved.plain.items() if k != "reference"}, saved.tensors)
    resumed = Record.of(toy_recipe(start=Start(from_="before")), EVALUATIONS)
    resumed.load(older)
    (look,) = follow(resumed, 0.5 + NOISE[2], first_step=2)
    assert look.said.startswith("eval/error against step 1: ")


def test_one_clip_and_figures_that_are_not_finite_are_compared_by_value_and_that_is_said():
    (look,) = follow(begun([1.0]), [0.9])
    assert look.said == (
        "eval/error against step 0: 0.9 after 1: better by its value alone (there is one clip)"
    )
    assert "difference" not in look.facts
    (look,) = follow(begun([1.0, 2.0]), [math.nan, 1.0])
    assert not look.is_best
    assert "a clip has no finite figure" in look.said
