"""Processes that train for another one: they end with it, and get the signals that it gets."""

import ctypes
import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import psutil

from engine.training.processes import SIGNALS

_PR_SET_PDEATHSIG = 1
"""Linux, prctl(2): the signal that a process gets when its parent ends."""


def end_with_parent(parent: int) -> bool:
    """Let this process receive SIGTERM when its parent ends, which may be killed.

    False where the parent is gone already.
    """
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    return os.getppid() == parent


def run_as_child(command: Sequence[str], folder: Path) -> int:
    """Run a program in `folder` to its end and return its exit code; Ctrl-C and SIGTERM reach it.

    Where this process is killed, the program receives SIGTERM, saves its state and ends.
    """
    parent = os.getpid()
    with signals_passed_on():
        child = subprocess.Popen(command, cwd=folder, preexec_fn=lambda: _end_with(parent))
        return child.wait()


def _end_with(parent: int) -> None:
    if not end_with_parent(parent):
        os._exit(1)


@contextmanager
def signals_passed_on() -> Iterator[None]:
    """Inside, signals are passed on to this process's children, which save and stop.

    This process goes on, so that it can wait for them.
    """

    def pass_on(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        for process in psutil.Process().children():
            process.send_signal(number)

    heeded = [number for number in SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
    old = {number: signal.signal(number, pass_on) for number in heeded}
    try:
        yield
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
