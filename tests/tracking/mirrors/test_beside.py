"""How a failing Aim looks to training: a fake package named aim stands in front of the real one."""

import os
import time

import pytest

from engine.project import Project
from engine.tracking.mirrors.beside import start_mirror, sync_all
from engine.tracking.mirrors.place import repository_in
from engine.tracking.mirrors.state import is_behind, run_key, sole_mirror
from tests.run_folders import make_run, start


@pytest.fixture
def project(tmp_path):
    make_run(tmp_path / "runs" / "audio_vae" / "a", [start("audio_vae")])
    return Project(tmp_path)


@pytest.fixture
def run(project):
    return project.runs("audio_vae") / "a"


def fake_aim(tmp_path, monkeypatch, code: str) -> None:
    (tmp_path / "fake" / "aim").mkdir(parents=True)
    (tmp_path / "fake" / "aim" / "__init__.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "fake"))


def test_an_aim_that_cannot_be_imported_is_a_sentence(project, run, tmp_path, monkeypatch):
    fake_aim(tmp_path, monkeypatch, "raise ModuleNotFoundError(\"No module named 'aim'\")")
    mirror = start_mirror(repository_in(project.root), run, project)
    warning = mirror.finish(60)
    assert warning is not None
    assert "ModuleNotFoundError: No module named 'aim'. The run itself is complete" in warning


def test_an_aim_that_hangs_is_killed_with_all_it_started(project, run, tmp_path, monkeypatch):
    pid_file = tmp_path / "pid"
    code = f"""
import subprocess, pathlib
child = subprocess.Popen(["sleep", "600"])
pathlib.Path({str(pid_file)!r}).write_text(str(child.pid))
child.wait()
"""
    fake_aim(tmp_path, monkeypatch, code)
    mirror = start_mirror(repository_in(project.root), run, project)
    while not pid_file.exists() or not pid_file.read_text():
        time.sleep(0.05)
    warning = mirror.finish(0.2)
    assert warning is not None
    assert warning.startswith("Aim could not mirror the run: it did not end in time.")
    while _runs(int(pid_file.read_text())):  # to be killed and to be gone are two moments
        time.sleep(0.05)


def test_a_repository_that_cannot_be_written_is_a_sentence(project, run):
    (project.root / ".aim").write_text("in the way")
    mirror = start_mirror(repository_in(project.root), run, project)
    assert "NotADirectoryError" in (mirror.finish(60) or "")
    assert "NotADirectoryError" in (sync_all(project, repository_in(project.root)) or "")


def test_a_mirror_that_cannot_be_started_is_a_sentence(project, run, monkeypatch):
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    mirror = start_mirror(repository_in(project.root), run, project)
    assert "No such file or directory: '/nowhere/python'" in (mirror.finish(60) or "")


def test_a_run_that_ends_before_its_first_event_leaves_nothing(project, tmp_path):
    mirror = start_mirror(repository_in(project.root), tmp_path / "empty", project)
    assert mirror.finish(60) is None
    assert not (project.root / ".aim").exists()


def test_a_run_that_another_process_mirrors_is_left_to_it(project, run):
    with sole_mirror(repository_in(project.root), run_key(run)):
        assert sync_all(project, repository_in(project.root)) is None
    assert is_behind(repository_in(project.root), run)


def test_where_nothing_lags_no_process_is_started(project, run, monkeypatch):
    (run / "events.jsonl").unlink()
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    assert sync_all(project, repository_in(project.root)) is None


def test_runs_and_models_are_mirrored_and_what_is_in_both_once(project, run, tmp_path, monkeypatch):
    fake_aim(tmp_path, monkeypatch, "import sys; raise SystemExit(f'given {sys.argv}')")
    make_run(project.model("audio_vae_plus"), [start("audio_vae_plus")], "audio_vae_plus")
    copy = make_run(project.model("audio_vae"), [])
    (copy / "events.jsonl").write_bytes((run / "events.jsonl").read_bytes())
    warning = sync_all(project, repository_in(project.root)) or ""
    assert "runs/audio_vae/a'" in warning
    assert "models/audio_vae'" not in warning
    assert "models/audio_vae_plus" in warning


def _runs(pid: int) -> bool:
    """Whether the process is there and no zombie."""
    stat = f"/proc/{pid}/stat"
    if not os.path.exists(stat):  # noqa: PTH110
        return False
    with open(stat) as file:  # noqa: PTH123
        return file.read().rpartition(")")[2].split()[0] != "Z"
