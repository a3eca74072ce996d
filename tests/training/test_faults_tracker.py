"""A tracker that hangs, is missing, stopped, killed, locked or gone: the run does not notice."""

import fcntl
import os
import shutil
import signal
import time
from functools import partial

import psutil
import pytest

import engine.runs.run
from engine.project import Project
from engine.tracking.mirrors.beside import sync_all
from engine.tracking.mirrors.place import repository_in
from engine.tracking.mirrors.state import is_behind
from tests.training.faults import result
from tests.training.small_disk import (
    NOT_PERMITTED,
    attempt,
    in_namespace,
    mount,
    set_read_only,
)
from tests.training.train_toy import finish, start, wait_for_step

_HANGS = "import time; time.sleep(600)"
_MISSING = "raise ModuleNotFoundError(\"No module named 'aim'\")"


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    finish(folder)
    return result(folder)


def warning(folder):
    said = (folder / "said").read_text().splitlines()
    return [sentence for sentence in said if sentence.startswith("warning: Aim")]


@pytest.mark.parametrize(
    ("code", "expected"), [(_HANGS, "it did not end in time"), (_MISSING, "No module named 'aim'")]
)
def test_a_tracker_that_hangs_or_is_missing_is_a_warning(undisturbed, tmp_path, code, expected):
    finish(tmp_path, mirrors=("aim",), before=partial(replace_aim, tmp_path, code))
    (said,) = warning(tmp_path)
    assert expected in said
    assert result(tmp_path) == undisturbed


@pytest.mark.parametrize("number", [signal.SIGSTOP, signal.SIGKILL], ids=["stopped", "killed"])
def test_a_mirror_that_is_stopped_or_killed_is_a_warning(undisturbed, tmp_path, number):
    before = partial(replace_aim, tmp_path, _HANGS)
    process = start(tmp_path, seconds=0.03, mirrors=("aim",), before=before)
    wait_for_step(tmp_path, 3)
    os.kill(mirror_of(process.pid), number)
    process.join()
    assert process.exitcode == 0
    assert len(warning(tmp_path)) == 1
    assert result(tmp_path) == undisturbed


def test_a_repository_that_another_process_holds_is_caught_up_with_later(undisturbed, tmp_path):
    held = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    finish(tmp_path, mirrors=("aim",), before=wait_little_for_aim)
    os.close(held)
    assert len(warning(tmp_path)) == 1
    assert result(tmp_path) == undisturbed
    model = tmp_path / "models" / "toy"
    assert is_behind(repository_in(tmp_path), model)
    assert sync_all(Project(tmp_path), repository_in(tmp_path)) is None
    assert not is_behind(repository_in(tmp_path), model)


def test_a_repository_that_is_deleted_meanwhile_is_made_again_later(undisturbed, tmp_path):
    process = start(tmp_path, seconds=0.2, mirrors=("aim",), before=wait_little_for_aim)
    while process.is_alive() and not any(tmp_path.glob(".aim/cantus/*.json")):
        time.sleep(0.02)
    (tmp_path / ".aim").rename(tmp_path / "deleted")  # at once: Aim still writes into the folders
    process.join()
    assert process.exitcode == 0
    assert result(tmp_path) == undisturbed
    shutil.rmtree(tmp_path / ".aim", ignore_errors=True)
    assert sync_all(Project(tmp_path), repository_in(tmp_path)) is None
    assert not is_behind(repository_in(tmp_path), tmp_path / "models" / "toy")


@pytest.mark.parametrize("disk", ["full", "read-only"])
def test_a_repository_on_such_a_disk_is_a_warning(undisturbed, tmp_path, disk):
    code = in_namespace(forbid_aim, tmp_path, undisturbed, disk)
    if code == NOT_PERMITTED:
        pytest.skip("this system lets nobody mount a disk")
    assert code == 0


def forbid_aim(folder, undisturbed, disk):
    """Train where Aim may write nothing."""
    mount(folder / ".aim", 4096)
    set_read_only(folder / ".aim", read_only=disk == "read-only")
    assert attempt(folder, mirrors=("aim",)) == (0, "")
    assert len(warning(folder)) == 1
    assert result(folder) == undisturbed


def replace_aim(folder, code):
    """Put another package in Aim's place; the run waits little for it."""
    (folder / "fake" / "aim").mkdir(parents=True)
    (folder / "fake" / "aim" / "__init__.py").write_text(code)
    os.environ["PYTHONPATH"] = str(folder / "fake")
    wait_little_for_aim()


def wait_little_for_aim():
    """Let the run's end wait two seconds."""
    engine.runs.run._MIRROR_SECONDS = 2.0


def mirror_of(pid):
    """The process that mirrors the run of a process."""
    for _ in range(500):
        for child in psutil.Process(pid).children():
            if "engine.tracking.mirrors.process" in child.cmdline():
                return child.pid
        time.sleep(0.01)
    raise AssertionError("there is no mirror")
