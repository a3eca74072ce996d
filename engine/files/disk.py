"""Disk errors in words: no space, no permission, a limit on the size of files."""

import errno
import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.errors import UserError

_ADVICE = {
    errno.ENOSPC: "Free space there",
    errno.EDQUOT: "Free space there, or have your quota raised",
    errno.EFBIG: "Allow larger files (see ulimit -f)",
    errno.EROFS: "Make it writable",
    errno.EACCES: "Make it writable for you",
    errno.EPERM: "Make it writable for you",
    errno.EIO: "Check the system's log for errors of this disk",
}
_IN_TEXT = re.compile(r"\(os error (\d+)\)")
"""The form of the system's errors in libraries written in Rust."""
_HARDLY_ANYTHING = 1 << 20


@contextmanager
def refusals_in_words(what: str, root: Path) -> Iterator[None]:
    """Inside, an error that comes from the disk under `root` becomes a UserError.

    `what` begins the sentence where the error names no file itself.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        number, name = _refusal(error, root)
        if number is None:
            raise
        raise UserError(
            f"{name or what} could not be written: {os.strerror(number).lower()}. "
            f"{_ADVICE[number]}, then run the same command again: saved state is kept."
        ) from error


def require_space(folder: Path, num_bytes: int) -> None:
    """Raise UserError where the disk that holds `folder` has less than `num_bytes` free."""
    free = shutil.disk_usage(folder).free
    if free < num_bytes:
        raise UserError(
            f"{folder} needs {in_words(num_bytes)}, but only {in_words(free)} are free. Free space "
            "there, then run the same command again: saved state is kept."
        )


def in_words(num_bytes: float) -> str:
    """A size as a person reads it: 12.5 MB."""
    for unit in ("B", "kB", "MB", "GB"):
        if num_bytes < 1000:
            return f"{num_bytes:.0f} {unit}" if unit == "B" else f"{num_bytes:.1f} {unit}"
        num_bytes /= 1000
    return f"{num_bytes:.1f} TB"


def _refusal(error: BaseException, root: Path) -> tuple[int | None, str | None]:
    """The system's error number behind an error, and the file where one is named."""
    for cause in chain_of(error):
        named = _IN_TEXT.search(str(cause))
        number = int(named[1]) if named else getattr(cause, "errno", None)
        if number in _ADVICE:
            file = getattr(cause, "filename", None)
            return number, None if file is None else os.fsdecode(file)
    # torch, libsndfile and SQLite do not say why a write failed.
    vague = isinstance(error, OSError | RuntimeError | sqlite3.Error)
    if vague and shutil.disk_usage(root).free < _HARDLY_ANYTHING:
        return errno.ENOSPC, None
    return None, None


def chain_of(error: BaseException) -> Iterator[BaseException]:
    """An error and the chain of its causes."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__
