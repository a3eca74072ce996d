from attrs import evolve

from engine.recipe.judgement import Guard
from engine.report.history import History
from engine.report.watched import silent_guards_in_words
from engine.tracking.events import Event
from tests.training.toy import toy_recipe

GUARDS = {
    "eval/error": (Guard(below=9.0, at="from step:400"), Guard(above=0.0, at="epoch:1")),
    "train/loss": (Guard(below=9.0),),
}
EVENTS = [Event("train", 50, 1.0, {"train/loss": 1.0}), Event("eval", 60, 1.0, {"eval/error": 1.0})]


def told(*events):
    return silent_guards_in_words(History(events), evolve(toy_recipe(), guard=GUARDS))


def test_a_guard_that_was_never_due_has_not_watched_the_run():
    assert told(*EVENTS) == (
        "2 of 3 guards watched the run, besides those of a finite loss and of gradients (never "
        "due: eval/error (below)); none of them fired."
    )
    later = Event("eval", 400, 9.0, {"eval/error": 1.0})
    assert told(*EVENTS, later).startswith("3 guards watched the run")


def test_before_step_1_none_has():
    assert told(Event("start", 0)).startswith("0 of 3 guards watched the run")
