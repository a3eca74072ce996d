"""Locks on files and folders, for one process at a time.

The kernel's own lock (flock) is released when the process ends, however it ends. Some network file
systems have none (NFS without its lock service, Lustre mounted without `flock`): there a file takes
its place (`soft_lock.py`).
"""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.errors import UserError

LOCK_FILE = ".lock"
HELD = ".held"
"""Suffix of the file that replaces the lock where the kernel has none."""
_NO_KERNEL_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}


@contextmanager
def locked(folder: Path, busy: str) -> Iterator[None]:
    """Hold a folder, made where it is missing. Raises UserError (`busy`) where another does."""
    folder.mkdir(parents=True, exist_ok=True)
    with lock(folder / LOCK_FILE, UserError(busy)):
        yield


@contextmanager
def lock(path: Path, busy: Exception | None = None) -> Iterator[None]:
    """Hold the lock on a file, made where it is missing, or on a folder that is there.

    Where another process holds it, `busy` is raised; with None that process is waited for. Without
    kernel locks, a UserError as `busy` also names the file that replaces the lock.
    """
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR | os.O_CREAT, 0o666)
    try:
        taken = _take(descriptor, fcntl.LOCK_EX, wait=busy is None)
        if taken is None:
            from engine.files.soft_lock import soft_lock

            with soft_lock(_beside(path), busy):
                yield
        elif busy is not None and not taken:
            raise busy
        else:
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
        taken = _take(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)
    if taken is None:
        from engine.files.soft_lock import is_softly_held

        return is_softly_held(_beside(path))
    return not taken


def _take(descriptor: int, kind: int, *, wait: bool = False) -> bool | None:
    """Whether the lock was acquired; None where the file system has no kernel locks."""
    try:
        fcntl.flock(descriptor, kind if wait else kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno in _NO_KERNEL_LOCKS:
            return None
        raise
    return True


def _beside(path: Path) -> Path:
    return path / f"{LOCK_FILE}{HELD}" if path.is_dir() else path.with_name(path.name + HELD)
