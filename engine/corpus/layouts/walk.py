"""Every file below a folder, one at a time, whatever their number."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from engine.errors import UserError


def walk(folder: Path) -> Iterator[str]:
    """Paths inside `folder`, with slashes, in no order. Links to folders are not followed.

    Broken links, pipes and links to folders are among them. Raises UserError where a folder cannot
    be read.
    """
    waiting = [""]
    while waiting:
        inside = waiting.pop()
        try:
            for entry in _entries(folder / inside):
                path = f"{inside}/{entry.name}" if inside else entry.name
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(path)
                else:
                    yield path
        except OSError as error:
            _refuse(error)


def _entries(folder: Path) -> Iterator["os.DirEntry[str]"]:
    with os.scandir(folder) as entries:
        if not os.access(folder, os.X_OK):  # the names may be read, the files may not
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))
        yield from entries


def _refuse(error: OSError) -> NoReturn:
    raise UserError(
        f"The folder {error.filename} cannot be read: {error.strerror}. Make it readable, or take "
        "it out."
    ) from error
