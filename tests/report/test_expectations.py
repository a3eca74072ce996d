import pytest
from attrs import evolve

from engine.evaluation.unit import Unit
from engine.recipe.judgement import Expectation
from engine.report.expectations import judge
from engine.tracking.events import Event

HISTORY = [
    Event("eval", 0, 0.0, {"untrained/snr_db": -3.0}),
    Event("train", 100, 1.0, {"train/loss": 1.0}),
    Event("eval", 100, 1.0, {"eval/snr_db": 8.0}),
    Event("eval", 500, 5.0, {"eval/snr_db": 15.0}),
]


def expect(epochs=(1, 5), low=(6.0, 14.0), high=(10.0, 20.0), **more) -> Expectation:
    return Expectation(epochs=epochs, low=low, high=high, **more)


def test_it_is_met_when_every_point_lies_within_its_limits():
    judged = judge("eval/snr_db", expect(), HISTORY)
    assert judged.outcome == "met"
    assert judged.detail == "epoch 1: 8, expected 6 to 10; epoch 5: 15, expected 14 to 20"
    assert judged.facts() == {"name": "eval/snr_db", "met": True, "detail": judged.detail}


def test_figures_by_another_program_are_not_compared_and_it_says_what_differs():
    pesq = Unit(definition="pesq 1", programs={"pesq": "0.0.4"}, sample_rate_hz=16_000)
    facts = {"scales": {"pesq": pesq.digest}, "units": {pesq.digest: pesq.plain}}
    history = [Event("eval", 100, 1.0, {"eval/pesq": 3.0}, facts)]
    limits = {"epochs": (1,), "low": (2.0,), "high": (4.0,)}
    same = judge("eval/pesq", expect(**limits, measured=("pesq 0.0.4", "16,000 Hz")), history)
    assert same.outcome == "met"
    other = judge("eval/pesq", expect(**limits, measured=("pesq 0.0.3",)), history)
    assert other.facts() == {
        "name": "eval/pesq",
        "met": None,
        "detail": "not compared: expected of figures by pesq 0.0.3; measured here: pesq 0.0.4, at "
        "16,000 Hz",
    }
    older = judge(
        "eval/pesq", expect(**limits, measured=("pesq 0.0.4",)), [evolve(history[0], facts={})]
    )
    assert older.detail.endswith("measured here: it is not recorded how")


def test_one_point_outside_misses_it_even_where_another_was_not_reached():
    judged = judge("eval/snr_db", expect(epochs=(1, 20), low=(9.0, 14.0)), HISTORY)
    assert judged.outcome == "missed"
    assert judged.facts()["met"] is False
    assert judged.detail == "epoch 1: 8, expected 9 to 10; epoch 20: not reached"


def test_a_point_beyond_the_end_is_not_reached():
    judged = judge("eval/snr_db", expect(epochs=(1, 20)), HISTORY)
    assert (judged.outcome, judged.facts()["met"]) == ("not reached", None)


def test_limits_belong_to_the_range():
    assert judge("eval/snr_db", expect(low=(8.0, 15.0), high=(8.0, 15.0)), HISTORY).outcome == "met"


def test_between_two_evaluations_the_later_one_counts():
    assert judge("eval/snr_db", expect(epochs=(1, 3)), HISTORY).outcome == "met"


def test_an_epoch_that_rounding_left_short_counts():
    history = [Event("eval", 300, 2.9999999, {"eval/snr_db": 8.0})]
    assert (
        judge("eval/snr_db", expect(epochs=(3,), low=(6.0,), high=(10.0,)), history).outcome
        == "met"
    )


def test_steps_are_points_too():
    believed = Expectation(steps=(500,), low=(20.0,))
    judged = judge("eval/snr_db", believed, HISTORY)
    assert (judged.outcome, judged.detail) == ("missed", "step 500: 15, expected at least 20")


def test_without_a_low_end_only_the_high_one_counts():
    believed = Expectation(epochs=(1,), high=(7.0,))
    assert judge("eval/snr_db", believed, HISTORY).detail == "epoch 1: 8, expected at most 7"


@pytest.mark.parametrize("history", [[], HISTORY[:2]])
def test_a_metric_that_was_never_measured_is_not_reached(history):
    assert judge("eval/snr_db", expect(), history).outcome == "not reached"


def test_a_metric_that_is_no_number_misses():
    judged = judge(
        "eval/snr_db", expect(epochs=(1,)), [Event("eval", 9, 1.0, {"eval/snr_db": None})]
    )
    assert (judged.outcome, judged.detail) == ("missed", "epoch 1: not finite, expected 6 to 10")
