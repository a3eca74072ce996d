"""One process at a time: in a folder, on a file. The only place that knows how a lock is taken.

The kernel's own lock: it lets go when the process ends, however it ends. `filelock` takes the same
one, but for a lock file alone, waits by asking again and again, and falls back to a file that a
killed process leaves behind.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.errors import UserError

LOCK_FILE = ".lock"


@contextmanager
def locked(folder: Path, busy: str) -> Iterator[None]:
    """Hold a folder, made where it is missing. Raises UserError (`busy`) where another does."""
    folder.mkdir(parents=True, exist_ok=True)
    with lock(folder / LOCK_FILE, UserError(busy)):
        yield


@contextmanager
def lock(path: Path, busy: Exception | None = None) -> Iterator[None]:
    """Hold the lock on a file, made where it is missing, or on a folder that is there.

    Where another process holds it, `busy` is raised; with None that process is waited for.
    """
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR | os.O_CREAT, 0o666)
    try:
        if busy is None:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        elif not _take(descriptor, fcntl.LOCK_EX):
            raise busy
        yield
    finally:
        os.close(descriptor)


def is_held(folder: Path) -> bool:
    """Whether a process holds a folder by `locked`."""
    path = folder / LOCK_FILE
    if not path.is_file():
        return False
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return not _take(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def _take(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
