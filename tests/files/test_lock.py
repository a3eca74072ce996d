"""Locks between real processes: refused, waited for, asked after, and let go of by a kill."""

import errno
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from engine.errors import UserError
from engine.files.lock import HELD, LOCK_FILE, is_held, lock, locked

_HOLD = """
import fcntl, os, sys, time
from pathlib import Path
if number := int(sys.argv[3]):
    def flock(*_): raise OSError(number, os.strerror(number))
    fcntl.flock = flock
from engine.files.lock import lock
with lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


@contextmanager
def held_by_another(path, seconds=60.0, refusal=0):
    """Another process that holds the lock on a path; there flock may fail with an error number."""
    command = [sys.executable, "-c", _HOLD, str(path), str(seconds), str(refusal)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_a_folder_that_another_process_holds_is_refused_in_its_words_until_that_is_killed(tmp_path):
    with held_by_another(tmp_path / LOCK_FILE) as process:
        with pytest.raises(UserError, match="wait for it"), locked(tmp_path, "wait for it"):
            raise AssertionError("held twice")
        assert is_held(tmp_path)
        process.kill()
        process.wait()
        assert not is_held(tmp_path)
        with locked(tmp_path, "wait for it"):
            assert is_held(tmp_path)
    assert not is_held(tmp_path)


@pytest.mark.parametrize("name", ["file.lock", "."])
def test_without_a_refusal_the_other_process_is_waited_for_on_a_file_as_on_a_folder(tmp_path, name):
    with held_by_another(tmp_path / name, seconds=0.3):
        with pytest.raises(KeyError), lock(tmp_path / name, KeyError()):
            raise AssertionError("held twice")
        started = time.monotonic()
        with lock(tmp_path / name):
            assert time.monotonic() - started > 0.1


def test_a_lock_is_let_go_of_where_what_is_done_under_it_fails(tmp_path):
    with pytest.raises(ZeroDivisionError), locked(tmp_path / "new", "busy"):
        raise ZeroDivisionError
    with locked(tmp_path / "new", "busy"):
        pass


def test_a_folder_that_was_never_locked_is_not_held_and_nothing_is_written(tmp_path):
    assert not is_held(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(params=[errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def without_flock(request, monkeypatch):
    """A file system without flock; the number of its error."""

    def refuse(*_):
        raise OSError(request.param, "no locks")

    monkeypatch.setattr("fcntl.flock", refuse)
    return request.param


def test_without_flock_a_folder_is_held_all_the_same_and_free_after_a_kill(tmp_path, without_flock):
    with held_by_another(tmp_path / LOCK_FILE, refusal=without_flock) as process:
        with (
            pytest.raises(UserError, match=rf"wait for it \(.*process {process.pid} on .*delete"),
            locked(tmp_path, "wait for it"),
        ):
            raise AssertionError("held twice")
        assert is_held(tmp_path)
        process.kill()
        process.wait()
        assert not is_held(tmp_path)
        with locked(tmp_path, "wait for it"):
            assert (tmp_path / f"{LOCK_FILE}{HELD}").is_file()
    assert [path.name for path in tmp_path.iterdir()] == [LOCK_FILE]


@pytest.mark.parametrize("name", ["file.lock", "."])
def test_without_flock_another_process_is_waited_for(tmp_path, name, without_flock):
    with held_by_another(tmp_path / name, seconds=0.3, refusal=without_flock):
        with pytest.raises(KeyError), lock(tmp_path / name, KeyError()):
            raise AssertionError("held twice")
        with lock(tmp_path / name):
            pass


def test_without_flock_what_another_machine_holds_is_never_taken(tmp_path, without_flock):
    (tmp_path / LOCK_FILE).touch()
    (tmp_path / f"{LOCK_FILE}{HELD}").write_text("1\nnode17\n")
    with pytest.raises(UserError, match="process 1 on node17"), locked(tmp_path, "busy"):
        raise AssertionError("held twice")
    assert is_held(tmp_path)


def test_another_error_of_the_kernel_is_not_taken_for_a_missing_lock(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EIO, "input/output error")

    monkeypatch.setattr("fcntl.flock", refuse)
    with pytest.raises(OSError, match="input/output"), lock(tmp_path / "file.lock"):
        raise AssertionError("held")
