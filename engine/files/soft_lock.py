"""A lock for file systems without kernel locks: a file that names its holder.

By `filelock`: the file is made exclusively and holds process, host and the process's start. The
file of a dead process of this machine is taken over; one of another machine cannot be checked from
here, so the error names it, with what to do.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import SoftFileLock, Timeout

from engine.errors import UserError

_GRACE = 0.2
"""Seconds to wait. The first attempt removes a dead process's file, the next takes the lock."""


@contextmanager
def soft_lock(path: Path, busy: Exception | None) -> Iterator[None]:
    """Hold `path`. Where another process does, `busy` is raised; with None it is waited for."""
    held = SoftFileLock(str(path), timeout=_GRACE if busy else -1, thread_local=False)
    try:
        held.acquire()
    except Timeout as error:
        raise (_with_holder(busy, path) if busy else error) from error
    try:
        yield
    finally:
        held.release()


def is_softly_held(path: Path) -> bool:
    """Whether a process that may be alive holds `path`."""
    if not path.exists():
        return False
    try:
        with SoftFileLock(str(path), timeout=_GRACE):
            return False
    except Timeout:
        return True


def _with_holder(busy: Exception, path: Path) -> Exception:
    if not isinstance(busy, UserError):
        return busy
    try:
        process, host = path.read_text(encoding="utf-8").split()[:2]
    except (OSError, ValueError):
        return busy
    return UserError(
        f"{busy} (This file system has no locks of its own, and {path} says that process {process} "
        f"on {host} holds it. If that process has ended, delete that file.)"
    )
