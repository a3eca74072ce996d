"""One process at a time in a folder."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.errors import UserError

LOCK_FILE = ".lock"


@contextmanager
def locked(folder: Path, busy: str) -> Iterator[None]:
    """Hold a folder, made where it is missing. Raises UserError (`busy`) where another does.

    The system lets go of it when the process ends, however it ends.
    """
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT)
    try:
        _take(descriptor, busy)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, busy: str) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise UserError(busy) from error
