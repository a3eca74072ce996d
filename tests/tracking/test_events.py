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


def test_a_mark_tells_whether_what_stood_before_it_is_still_there(tmp_path):
    path = tmp_path / "events.jsonl"
    log = EventLog(path)
    log.write(Event("start", 0, facts={"name": "é"}))
    mark = log.mark()
    log.write(Event("train", 1))
    log.close()
    whole = path.read_bytes()
    assert mark.is_in(path)
    for damaged in (whole[: mark.num_bytes - 1], b"x" + whole[1:], b""):
        path.write_bytes(damaged)
        assert not mark.is_in(path)
    path.unlink()
    assert not mark.is_in(path)


def test_a_log_that_is_opened_again_marks_the_whole_of_it(tmp_path):
    path = tmp_path / "events.jsonl"
    for step in range(2):
        log = EventLog(path)
        log.write(Event("train", step))
        mark = log.mark()
        log.close()
    assert (mark.num_bytes, mark.is_in(path)) == (path.stat().st_size, True)


def test_what_is_no_event_is_passed_over(tmp_path):
    path = tmp_path / "events.jsonl"
    garbage = b"\0" * 100 + b"\n\xff\xfe\n3\n[]\n{}\n" + b"[" * 100_000 + b"\n"
    path.write_bytes(garbage + b'{"kind": "train", "step": 7}\n')
    assert [event.step for event in read_events(path)] == [7]
