from engine.report.history import History
from engine.tracking.events import Event


def test_the_result_is_that_of_the_finish_event_not_of_the_last_evaluation():
    history = History(
        (
            Event("eval", 0, metrics={"untrained/a": 9.0}),
            Event("eval", 10, metrics={"eval/a": 1.0}),
            Event("eval", 20, metrics={"eval/a": 2.0}),
            Event("finish", 20, metrics={"eval/a": 1.0, "untrained/a": 9.0}),
        )
    )
    assert history.final == {"eval/a": 1.0}
    assert History(history.events[:3]).final == {"eval/a": 2.0}
    assert History(history.events[:1]).final == {}


def test_a_run_that_was_begun_again_after_its_stop_has_no_ending_yet():
    stopped = (Event("start", 0), Event("stop", 10, facts={"reason": "interrupted"}))
    assert History(stopped).ending == stopped[1]
    assert History((*stopped, Event("resume", 10))).ending is None


def test_standing_figures_lose_their_prefix_and_curves_what_is_no_number():
    history = History(
        (
            Event("baseline", 0, metrics={"baseline/grid/a": 3.0}),
            Event("train", 1, metrics={"train/loss": 2.0}),
            Event("train", 2, metrics={"train/loss": None}),
        )
    )
    assert history.standing("baseline") == {"grid/a": 3.0}
    assert history.curve("train/loss") == ([1], [2.0])
    assert history.curve("eval/a") == ([], [])
    assert history.facts("finish") == {}
