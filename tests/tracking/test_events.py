import json
import math

from engine.tracking.events import Event, EventLog, parse_event, read_events


def write(path, *events):
    log = EventLog(path)
    for event in events:
        log.write(event)
    log.close()


def test_an_event_is_read_as_it_was_written(tmp_path):
    event = Event("eval", 20, 1.5, {"eval/loss": 0.25}, {"best": True, "say": "jó"}, time=12.5)
    write(tmp_path / "run" / "events.jsonl", event)
    assert list(read_events(tmp_path / "run" / "events.jsonl")) == [event]


def test_a_number_that_is_not_finite_is_written_as_null(tmp_path):
    path = tmp_path / "events.jsonl"
    write(path, Event("train", 1, metrics={"train/loss": math.nan, "train/a": math.inf}))
    assert json.loads(path.read_text())["metrics"] == {"train/loss": None, "train/a": None}


def test_what_a_resumed_run_does_again_replaces_its_first_try(tmp_path):
    path = tmp_path / "events.jsonl"
    write(path, *(Event("train", step, metrics={"train/loss": 1.0}) for step in (10, 20, 30)))
    write(path, Event("resume", 10), Event("train", 20, metrics={"train/loss": 0.5}))
    told = [
        (event.kind, event.step, event.metrics.get("train/loss")) for event in read_events(path)
    ]
    assert told == [("train", 10, 1.0), ("resume", 10, None), ("train", 20, 0.5)]


def test_a_torn_last_line_is_ignored_and_the_next_event_starts_a_new_one(tmp_path):
    path = tmp_path / "events.jsonl"
    write(path, Event("train", 1))
    with path.open("a") as file:
        file.write('{"kind": "train", "st')
    assert [event.step for event in read_events(path)] == [1]
    write(path, Event("train", 2))
    assert [event.step for event in read_events(path)] == [1, 2]


def test_a_run_without_events_has_none(tmp_path):
    assert list(read_events(tmp_path / "events.jsonl")) == []


def test_a_torn_line_is_no_event():
    assert parse_event('{"kind": "train", "st') is None
