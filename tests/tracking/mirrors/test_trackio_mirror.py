"""Drives the real mirror process and the real Trackio, with everything set that could send runs."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine.project import Project
from engine.recipe.params import Tracking
from engine.tracking.events import Event
from engine.tracking.mirrors.beside import sync_all
from engine.tracking.mirrors.place import mirror_place
from engine.tracking.mirrors.state import read_state, run_key
from tests.run_folders import GUARD, add_events, make_run, make_wav, start

pytest.importorskip("trackio")
pytestmark = pytest.mark.slow

HOSTILE = "<img src=x onerror=alert(1)>\u202e../../x"
SAMPLE = {"name": f"yes/{HOSTILE}", "kind": "audio", "path": "samples/yes.wav", "caption": HOSTILE}
FIRED = GUARD | {"because": HOSTILE}
SENDS_RUNS = {
    "TRACKIO_SPACE_ID": "stranger/space",
    "TRACKIO_SERVER_URL": "http://127.0.0.1:9/?write_token=x",
    "TRACKIO_WEBHOOK_URL": "http://127.0.0.1:9/",
    "TRACKIO_BUCKET_ID": "stranger/bucket",
    "TRACKIO_DATASET_ID": "stranger/data",
    "TRACKIO_DIR": "/nowhere",
    "SPACE_REPO_NAME": "space",
    "SYSTEM": "spaces",
    "HF_TOKEN": "hf_stranger",
}
WITNESS = """
import sys

def note(event, arguments):
    if event.startswith("socket.") and event not in ("socket.__new__", "socket.gethostname"):
        with open({path!r}, "a") as file:
            file.write(f"{{event}} {{arguments[-1]!r}}\\n")

sys.addaudithook(note)
"""


def train(step: int, loss: float) -> Event:
    return Event("train", step, step / 10, {"train/loss": loss}, time=float(step))


@pytest.fixture(scope="module")
def mirrored(tmp_path_factory):
    """A run whose mirror was killed, resumed from an earlier step, finished and mirrored again."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "witness").mkdir()
    (folder / "witness" / "sitecustomize.py").write_text(WITNESS.format(path=str(folder / "sent")))
    first = [start("phase2", steps_before=600), *(train(n, 1 / n) for n in range(1, 31))]
    run = make_run(folder / "runs" / "phase2" / "3f9c2ab81d04", first, "phase2")
    project = Project(folder)
    place = mirror_place("trackio", project, Tracking())
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**SENDS_RUNS, "PYTHONPATH": str(folder / "witness")}.items():
            patch.setenv(name, value)
        kill_once_mirrored(run, place)
        make_wav(folder / "models" / "phase2" / "samples" / "yes.wav")
        add_events(run, rest())
        assert sync_all(project, place) is None
    return run, place


def rest() -> list[Event]:
    return [
        Event("resume", 10, 1.0),
        *(train(step, 2 / step) for step in range(11, 41)),
        Event("eval", 40, 4.0, {"eval/rmse_db": 7.5, "eval/kbps": 10.0}, time=40.5),
        Event("guard", 40, 4.0, facts=FIRED, time=40.6),
        Event("sample", 40, 4.0, facts={"folder": "model", "samples": [SAMPLE]}, time=40.7),
        Event("eval", 50, 5.0, {"eval/rmse_db": 7.0, "eval/kbps": 10.0}, time=50.0),
        Event("finish", 50, 5.0, {"eval/rmse_db": 7.0}, {"verdict": None}, time=51.0),
    ]


def kill_once_mirrored(run: Path, place) -> None:
    options = {"kind": "trackio", "place": place.place, "states": place.states, "project": run}
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    mirror = subprocess.Popen(
        [sys.executable, "-m", "engine.tracking.mirrors.process", str(run), "--follow", *words],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    size = (run / "events.jsonl").stat().st_size
    while (state := read_state(place, run_key(run))) is None or state.offset < size:
        assert mirror.poll() is None
        time.sleep(0.05)
    os.killpg(mirror.pid, signal.SIGKILL)
    mirror.wait()


@pytest.fixture(scope="module")
def held(mirrored):
    """What Trackio itself answers about the run: its rows, parameters and alerts."""
    run, place = mirrored
    code = f"""
import json, sys
from trackio.sqlite_storage import SQLiteStorage as held
key = {run_key(run)!r}
(record,) = held.get_run_records("cantus")
print(json.dumps([
    record["name"],
    held.get_logs("cantus", record["name"], max_points=None, run_id=key),
    held.get_run_config("cantus", record["name"], run_id=key),
    held.get_alerts("cantus", run_id=key),
]))
"""
    environment = os.environ | {"TRACKIO_DIR": place.place}
    command = [sys.executable, "-c", code]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(answer.stdout)


def curve(rows: list[dict], name: str, axis: str = "step") -> list[tuple[int, float]]:
    return [(row[axis], row[name]) for row in rows if name in row]


def test_nothing_was_sent_and_no_name_was_looked_up(mirrored):
    run, _ = mirrored
    assert not (run.parents[2] / "sent").exists()


def test_the_guard_of_the_test_above_does_note(mirrored):
    run, _ = mirrored
    folder = run.parents[2]
    code = "import socket; socket.socket().connect_ex(('127.0.0.1', 9))"
    environment = os.environ | {"PYTHONPATH": str(folder / "witness")}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    assert (folder / "sent").read_text().startswith("socket.connect")
    (folder / "sent").unlink()


def test_a_killed_mirror_continues_its_run_and_the_resumed_steps_count_once(held):
    name, rows, *_ = held
    assert name == "phase2 3f9c2a"
    expected = {n: 1 / n for n in range(1, 11)} | {n: 2 / n for n in range(11, 41)}
    points = curve(rows, "train/loss")
    assert len(points) == len(expected)
    assert dict(points) == pytest.approx(expected)


def test_phases_can_stand_one_after_the_other(held):
    _, rows, *_ = held
    measured = "eval/rmse_db [unknown 3f9c2a]"  # events of this run name no unit
    assert curve(rows, measured, "total_steps") == [(640, 7.5), (650, 7.0)]


def test_what_never_moves_is_a_parameter(held):
    _, rows, about, _ = held
    assert curve(rows, "eval/kbps") == []
    assert about["constants"] == {"eval/kbps": 10.0}
    assert about["state"]["kind"] == "finish"
    assert about["hparams"]["training"]["best"] == "eval/rmse_db"


def test_guards_are_alerts(held):
    (alert,) = held[-1]
    assert alert["title"].startswith("guard: warn: eval/perplexity was 1.5, but it must be above 2")
    assert alert["level"] == "error"


def test_a_sample_is_copied_by_a_name_that_leads_nowhere_else(mirrored, held):
    run, place = mirrored
    (row,) = [row for row in held[1] if any(name.startswith("sample/") for name in row)]
    (media,) = [value for name, value in row.items() if name.startswith("sample/")]
    path = (Path(place.place) / "media" / media["file_path"]).resolve()
    assert path.parent == Path(place.place, "media", "cantus", run_key(run), "40")
    assert path.read_bytes() == (run.parents[2] / "models/phase2/samples/yes.wav").read_bytes()


def test_without_trackio_the_sentence_says_how_to_get_it(tmp_path, monkeypatch):
    (tmp_path / "trackio").mkdir()
    (tmp_path / "trackio" / "__init__.py").write_text("raise ModuleNotFoundError('trackio')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    make_run(tmp_path / "runs" / "phase2" / "a", [start("phase2")], "phase2")
    project = Project(tmp_path)
    said = sync_all(project, mirror_place("trackio", project, Tracking())) or ""
    assert "pip install 'cantus[trackio]'" in said
