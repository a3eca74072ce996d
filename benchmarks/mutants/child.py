"""A process of its own for each piece: forked from one that has imported everything already."""

import json
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from attrs import frozen

_POLL_SECONDS = 0.05
TIMED_OUT = 124
_CRASHED = 70


@frozen
class Ended:
    """How a process ended: its exit code, the CPU time it took, and what it wrote at its end."""

    code: int
    cpu_seconds: float
    left: dict[str, Any]


def run_in_child(folder: Path, work: Callable[[], dict[str, Any]], limit_seconds: float) -> Ended:
    """Call `work` in a forked process in `folder`, its output in `output.txt` there.

    What it leaves by `sys.exit` is the exit code. It is killed where it takes longer than the
    limit of CPU time, or five times as long by the clock.
    """
    started = time.monotonic()
    process = os.fork()
    if process == 0:
        _work(folder, work, limit_seconds)
    while True:
        ended, status, usage = os.wait4(process, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
            code = TIMED_OUT if code == -signal.SIGXCPU else code
            return Ended(code, usage.ru_utime + usage.ru_stime, _left(folder))
        if time.monotonic() - started > 5 * limit_seconds:
            os.killpg(process, signal.SIGKILL)
            os.wait4(process, 0)
            return Ended(TIMED_OUT, limit_seconds, _left(folder))
        time.sleep(_POLL_SECONDS)


def _work(folder: Path, work: Callable[[], dict[str, Any]], limit_seconds: float) -> None:
    code = _CRASHED
    try:
        os.setsid()
        os.chdir(folder)
        limit = int(limit_seconds)
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 5))
        with (folder / "output.txt").open("w") as output:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
        left = work()
        (folder / "left.json").write_text(json.dumps(left), encoding="utf-8")
        code = int(left["code"])
    except BaseException:  # noqa: BLE001 - the process ends here, whatever happened
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _left(folder: Path) -> dict[str, Any]:
    path = folder / "left.json"
    found: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    return found
