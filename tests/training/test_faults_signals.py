"""Runs told to stop by Ctrl-C, SIGTERM or a closed terminal: they save, and can be gone on with."""

import fcntl
import os
import pty
import signal
import termios
import time
from functools import partial

import pytest

from engine.tracking.events import read_events
from tests.training.faults import result
from tests.training.train_toy import SlowConsole, finish, start, wait_for_step
from tests.training.waiting_toy import build_waiting, wait_until_it_waits


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The folder of an undisturbed run."""
    folder = tmp_path_factory.mktemp("undisturbed")
    finish(folder)
    return folder


@pytest.fixture(scope="module")
def undisturbed(whole):
    return result(whole)


def last_event(folder):
    (log,) = folder.glob("runs/toy/*/events.jsonl")
    return list(read_events(log))[-1]


def history(folder):
    (log,) = folder.glob("runs/toy/*/events.jsonl")
    events = [event for event in read_events(log) if event.kind not in ("stop", "resume")]
    return [(event.kind, event.step, event.metrics) for event in events]


@pytest.mark.parametrize(
    ("where", "step"),
    [
        ("baselines 1", 0),
        ("evaluate 1", 0),
        ("evaluate 3", 10),
        ("evaluate 7", 30),
        ("samples 2", 30),
    ],
)
def test_a_signal_cuts_an_evaluation_which_the_resumed_run_repeats(
    undisturbed, whole, tmp_path, where, step
):
    (tmp_path / "wait_in").write_text(where)
    process = start(tmp_path, build=build_waiting)
    wait_until_it_waits(tmp_path, process)
    os.kill(process.pid, signal.SIGTERM)
    process.join(40)
    assert process.exitcode == 130
    assert (last_event(tmp_path).kind, last_event(tmp_path).step) == ("stop", step)
    (tmp_path / "wait_in").unlink()
    finish(tmp_path, build=build_waiting)
    assert result(tmp_path) == undisturbed
    assert history(tmp_path) == history(whole)


@pytest.mark.parametrize(
    "signals",
    [
        [signal.SIGINT],
        [signal.SIGTERM],
        [signal.SIGHUP],
        [signal.SIGUSR1],
        [signal.SIGUSR2],
        [signal.SIGINT, signal.SIGINT],
        [signal.SIGUSR1, signal.SIGTERM],
    ],
    ids=["ctrl-c", "sigterm", "sighup", "usr1", "usr2", "ctrl-c twice", "usr1, then sigterm"],
)
def test_a_signal_to_the_process_group_saves_and_the_run_goes_on_to_the_same_result(
    undisturbed, tmp_path, signals
):
    process = start(tmp_path, seconds=0.05, before=os.setsid)
    wait_for_step(tmp_path, 4)
    for number in signals:
        os.killpg(process.pid, number)
        time.sleep(0.01)
    process.join()
    assert process.exitcode == 130
    assert not (tmp_path / "models").exists()
    event = last_event(tmp_path)
    assert (event.kind, event.facts["reason"]) == ("stop", "interrupted")
    finish(tmp_path)
    assert result(tmp_path) == undisturbed


def test_a_closed_terminal_ends_the_showing_and_saves_the_run(undisturbed, tmp_path):
    terminal, other_end = pty.openpty()
    before = partial(live_in_terminal, os.ttyname(other_end))
    process = start(tmp_path, seconds=0.05, before=before, watcher=SlowConsole)
    wait_for_step(tmp_path, 4)
    os.close(other_end)
    os.close(terminal)
    process.join()
    assert process.exitcode == 130
    assert last_event(tmp_path).facts["reason"] == "interrupted"
    finish(tmp_path)
    assert result(tmp_path) == undisturbed


def test_a_run_under_nohup_outlives_its_terminal(undisturbed, tmp_path):
    process = start(tmp_path, seconds=0.05, before=ignore_hangup)
    wait_for_step(tmp_path, 4)
    os.kill(process.pid, signal.SIGHUP)
    process.join()
    assert process.exitcode == 0
    assert result(tmp_path) == undisturbed


def test_a_pipe_that_nobody_reads_ends_the_showing_and_not_the_run(undisturbed, tmp_path):
    finish(tmp_path, before=write_to_nobody, watcher=SlowConsole)
    assert result(tmp_path) == undisturbed


def live_in_terminal(name):
    """Make a terminal this process's own: what it shows goes there, and its closing is told."""
    os.setsid()
    terminal = os.open(name, os.O_RDWR)
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
    for standard in (0, 1, 2):
        os.dup2(terminal, standard)


def write_to_nobody():
    """Print into a pipe whose reader is gone."""
    reader, writer = os.pipe()
    os.close(reader)
    os.dup2(writer, 1)


def ignore_hangup():
    """What nohup does."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
