"""What is found to speak against a run, in its events."""

import pytest

from engine.report.history import History
from engine.report.objections import objections
from engine.tracking.events import Event
from tests.run_folders import start


def found(*events, **facts):
    history = History((start("ours", **facts), *events))
    return [(one.refuses, one.says) for one in objections(history)]


def finish(**facts):
    return Event("finish", 100, facts=facts)


def verdict(keep="ours", say="better than before", worse_than=()):
    facts = {"metric": "eval/m", "value": 1.0, "keep": keep, "say": say, "worse_than": worse_than}
    return finish(verdict=facts)


def guard(step, value=0.5):
    facts = {"name": "eval/m", "metric": "eval/m", "value": value, "action": "warn"}
    return Event("guard", step, facts=facts | {"condition": "it must be below 0.4"})


def test_nothing_speaks_against_a_run_that_is_kept():
    assert found(verdict()) == []


@pytest.mark.parametrize(
    ("keep", "advice"), [("before", "to keep before instead"), ("nothing", "to use none")]
)
def test_a_verdict_for_another_speaks_against_it(keep, advice):
    says = found(verdict(keep, "worse than before"))
    assert says == [(True, f"Its verdict is {advice}: the result is worse than before.")]


def test_a_phase_that_is_kept_and_worse_than_what_learns_nothing_is_objected_to():
    says = [(True, "The result is worse than bigram, which is not trained.")]
    assert found(verdict(worse_than=["bigram"])) == says


def test_a_guard_is_told_once_with_its_last_figures():
    says = "A guard fired 2 times, last at step 80: eval/m was 0.7, but it must be below 0.4."
    assert found(guard(40), guard(80, 0.7), verdict()) == [(True, says)]
    assert found(guard(40), verdict())[0][1].startswith("A guard fired at step 40: eval/m was 0.5")


def test_evaluation_audio_that_was_learned_from_is_a_leak():
    leak = "The codec codec_tokens was trained on 3 of the 50 evaluation clips."
    assert found(verdict(), data={"learned_from": leak}) == [
        (True, f"Its evaluation leaked: {leak}")
    ]


def test_missed_expectations_and_parting_judges_are_said_and_refuse_nothing():
    facts = {
        "expectations": [{"name": "eval/m", "met": False}, {"name": "eval/n", "met": None}],
        "parting": {"message": "Loss and judges disagree."},
    }
    assert found(finish(**facts)) == [
        (False, "Expectations missed: eval/m."),
        (False, "Loss and judges disagree."),
    ]
