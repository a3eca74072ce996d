import math

import numpy as np
import pytest
from attrs import evolve

from engine.recipe.judgement import Guard
from engine.training.evaluation_history import EvaluationHistory
from engine.training.guards import Guards, Moment
from engine.training.model_selection import Score, SelectionRule

BEST = SelectionRule("eval/best", lowest=True, paired=True)


def watch(guard, values, metric="m", per_epoch=10, best=BEST):
    """Names of the steps (1, 2, ...) at which the guard speaks."""
    guards = Guards({metric: (guard,)}, best)
    spoke = []
    for step, value in enumerate(values, start=1):
        metrics = value if isinstance(value, dict) else {metric: value}
        if guards.watch(metrics, Moment(step, step / per_epoch)):
            spoke.append(step)
    return spoke


def test_below_holds_only_while_the_metric_is_below():
    assert watch(Guard(below=1.0), [0.5, 1.0, 2.0]) == [2, 3]


def test_above_and_between():
    assert watch(Guard(above=1.0), [0.5, 1.0, 2.0]) == [1, 2]
    assert watch(Guard(between=(1.0, 2.0)), [0.9, 1.0, 2.0, 2.1]) == [1, 4]


def test_a_value_that_is_no_number_breaks_every_bound():
    for guard in (
        Guard(below=1.0),
        Guard(above=1.0),
        Guard(between=(0.0, 1.0)),
    ):
        assert watch(guard, [math.nan]) == [1]


def test_at_an_epoch_looks_once_at_the_first_value_from_then_on():
    guard = Guard(above=1.0, at="epoch:2")
    assert watch(guard, [0.0] * 30) == [20]
    assert watch(guard, [0.0] * 19 + [2.0] + [0.0] * 10) == []


def test_from_a_step_looks_ever_after():
    assert watch(Guard(above=1.0, at="from step:3"), [0.0] * 5) == [3, 4, 5]


def test_other_metrics_do_not_wake_a_guard():
    assert watch(Guard(below=0.0), [{"other": 1.0}] * 3) == []


def test_bounds_that_the_first_weights_break_are_foreseen_and_nothing_else():
    over, under = Guard(below=1.0, because="too loud"), Guard(above=3.0, action="warn")
    held, later = Guard(between=(0.0, 2.0)), Guard(below=1.0, at="from step:5")
    several = (over, under, held, later, Guard(plateau_steps=1))
    guards = Guards({"m": several, "n": (Guard(below=0.0),)}, BEST)
    before = guards.state()
    found = guards.already_violated({"m": 2.0})
    assert [(one.name, one.action) for one in found] == [
        ("m (below always)", "stop"),
        ("m (above)", "warn"),
    ]
    assert found[0].finding == "m is 2, but it must be below 1 (too loud)"
    assert guards.state() == before


def test_a_plateau_counts_from_the_last_new_lowest_value():
    guard = Guard(plateau_steps=3)
    assert watch(guard, [5, 4, 4, 4, 4, 4]) == [5, 6]
    assert watch(guard, [5, 4, 4.5, 3.9, 3.8, 3.7]) == []


def test_a_run_that_improves_is_on_no_plateau_where_the_highest_value_is_best():
    rises, falls = [1, 2, 3, 4, 5, 6], [6, 5, 4, 3, 2, 1]
    own = Guard(plateau_steps=3, best_is="highest")
    assert watch(own, rises) == []
    assert watch(own, falls) == [4, 5, 6]
    like_the_run = Guard(plateau_steps=3)
    assert watch(like_the_run, rises, best=SelectionRule("m", lowest=False, paired=True)) == []
    assert watch(like_the_run, rises, best=SelectionRule("other", lowest=False, paired=True)) == [
        4,
        5,
        6,
    ]


def test_a_plateau_names_the_side_it_waits_for():
    guards = Guards({"m": (Guard(plateau_steps=1, best_is="highest"),)}, BEST)
    assert not guards.watch({"m": 2.0}, Moment(1, 0.0))
    (breach,) = guards.watch({"m": 1.0}, Moment(2, 0.0))
    assert breach.condition == (
        "it must rise within 1 steps; it changed by -1 in 1 steps, of two values"
    )


def test_a_gap_speaks_only_when_evaluation_rises_while_training_falls():
    guard = Guard(gap="train", gap_steps=2)

    def run(evals, trains):
        values = [{"eval": e, "train": t} for e, t in zip(evals, trains, strict=True)]
        return watch(guard, values, metric="eval")

    assert run([1, 1.1, 1.2, 1.3], [1, 0.9, 0.8, 0.7]) == [3, 4]
    assert run([1, 1.1, 1.2, 1.3], [1, 1.1, 1.2, 1.3]) == []
    assert run([1, 0.9, 0.8, 0.7], [1, 0.9, 0.8, 0.7]) == []


def test_gradients_are_watched_in_every_run_and_the_first_silent_parameter_is_named():
    guards = Guards({}, BEST)
    assert guards.watch_gradients([], Moment(6, 0.1)) == []
    (breach,) = guards.watch_gradients(["decoder.b", "decoder.c"], Moment(6, 0.1))
    assert breach.action == "stop"
    assert breach.sentence() == (
        "guard at step 6: the gradient of decoder.b (and of 1 more) is 0, but every parameter must "
        "get a gradient (a trainable tensor without a gradient is not connected to the loss)"
    )


def test_a_parameter_has_as_many_steps_to_get_a_gradient_as_in_preflight():
    guards = Guards({}, BEST)
    assert guards.watch_gradients(["adapter.a"], Moment(5, 0.1)) == []
    assert guards.watch_gradients(["adapter.a"], Moment(6, 0.1))


@pytest.mark.parametrize("loss", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_no_finite_number_stops_every_run(loss):
    guards = Guards({}, BEST)
    assert guards.watch({"train/loss": 1.0, "train/other": loss}, Moment(2, 0.1)) == []
    (breach,) = guards.watch({"train/loss": loss}, Moment(3, 0.1))
    assert (breach.name, breach.metric, breach.value) == ("train/loss", "train/loss", None)
    assert breach.action == "stop"
    assert breach.sentence() == (
        "guard at step 3: train/loss is not finite, but it must be a finite number (a loss that is "
        "not finite never recovers)"
    )


def test_a_guard_that_is_off_says_nothing():
    assert watch(Guard(below=1.0, action="off"), [2.0]) == []


def test_the_sentence_names_step_metric_value_limit_and_reason():
    guards = Guards({"m": (Guard(below=0.95, because="stuck at chance"),)}, BEST)
    (breach,) = guards.watch({"m": 1.0}, Moment(812, 1.0))
    assert breach.name == "m"
    assert breach.sentence() == (
        "guard at step 812: m is 1, but it must be below 0.95 (stuck at chance)"
    )


@pytest.mark.parametrize("cut", range(1, 6))
def test_guards_go_on_from_saved_state_as_if_never_stopped(cut):
    plateau, below = Guard(plateau_steps=3), Guard(below=4.5, at="step:2")
    guard = {"m": (plateau, below)}
    values = [5, 4, 4, 4, 4, 4]

    def speak(guards, steps):
        return [
            (step, breach.name)
            for step in steps
            for breach in guards.watch({"m": values[step - 1]}, Moment(step, 0.0))
        ]

    whole = speak(Guards(guard, BEST), range(1, 7))
    first, second = Guards(guard, BEST), Guards(guard, BEST)
    early = speak(first, range(1, cut + 1))
    second.load(first.state())
    assert early + speak(second, range(cut + 1, 7)) == whole


@pytest.mark.parametrize("cut", range(1, 12))
def test_figures_of_clips_go_on_from_saved_state(cut):
    guard = {"eval/m": (Guard(plateau_steps=4), Guard(gap="train", gap_steps=3))}
    random = np.random.default_rng(0)
    figures = [random.normal(0.05 * step, 0.02, 46) for step in range(12)]

    def speak(guards, steps):
        return [
            (step, breach.sentence())
            for step in steps
            for breach in guards.watch(
                {"eval/m": figures[step].mean(), "train": -step},
                Moment(step, 0.0),
                {"m": figures[step], "other": figures[0]},
            )
        ]

    first, second = Guards(guard, BEST), Guards(guard, BEST)
    whole = speak(Guards(guard, BEST), range(12))
    early = speak(first, range(cut))
    second.load(first.state())
    assert early + speak(second, range(cut, 12)) == whole
    assert {name for _, name in whole}


def test_the_memory_of_an_older_version_goes_on():
    """It began with the number of evaluations at which a gap was looked for."""
    rule = SelectionRule("eval/m", lowest=True, paired=True)
    written, read = EvaluationHistory(trained=[(1, 0.5)]), EvaluationHistory()
    written.look(Guard(plateau_steps=9), rule, Score(3, 1.0, {"m": np.ones(4)}))
    saved = written.state()
    read.load([7, *saved.plain], saved.tensors, rule)
    assert read.state().plain == saved.plain


def test_a_plateau_is_told_clip_by_clip_where_there_are_figures():
    clips = np.linspace(1.0, 9.0, 50)
    noise = np.where(np.arange(50) % 2, 0.2, -0.21)
    guards = {"eval/m": (Guard(plateau_steps=3),)}

    def speak(changes, paired=True):
        watching = Guards(guards, evolve(BEST, paired=paired))
        breaches = [
            watching.watch({"eval/m": float(f.mean())}, Moment(step, 0.0), {"m": f})
            for step, f in enumerate((clips + change for change in changes), start=1)
        ]
        return [breach for found in breaches for breach in found]

    lower_by_chance = [step * 0.001 * noise for step in range(5)]
    (breach, _) = speak(lower_by_chance)
    assert "indistinguishable from noise" in breach.condition
    assert "at most 5 of 100 are stopped" in breach.condition
    assert speak(lower_by_chance, paired=False) == []
    assert speak([-0.1 * step for step in range(5)]) == []


def test_values_that_are_no_numbers_are_passed_over_but_not_for_ever():
    guard = Guard(plateau_steps=3)
    assert watch(guard, [5, 4, math.nan, 3, 2, 1]) == []
    assert watch(guard, [5, math.nan, math.nan, math.nan, math.nan]) == [4, 5]
    gap = Guard(gap="t", gap_steps=1)
    assert watch(gap, [{"m": math.nan, "t": 1.0}] * 5) == []


def test_a_gap_in_figures_of_clips_needs_more_than_a_higher_value():
    """Of 50 clips a single one gets worse: the value rises, and no evaluation can tell."""
    guards = Guards({"eval/m": (Guard(gap="train", gap_steps=2),)}, BEST)
    for step in range(1, 9):
        figures = np.where(np.arange(50) == 0, 1.0 + step, 1.0)
        metrics = {"eval/m": float(figures.mean()), "train": -step}
        assert not guards.watch(metrics, Moment(step, 0.0), {"m": figures})
