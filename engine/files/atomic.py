"""Atomic writes: a file or folder is either the old one or the new one, even after a crash.

A write is complete when it is on the disk: content first, then the folder that names it, then the
rename, then the folder in which the rename happened.
"""

import glob
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write `content` beside `path`, force it to the disk, then rename it over `path`.

    The folder is made where it is missing. A reader never sees half a file, and a hard link that
    DVC's cache holds to the old file is left as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    drop_leftovers(path)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise
    sync(path.parent)


@contextmanager
def new_folder(place: Path) -> Iterator[Path]:
    """An empty folder beside `place` that takes its place when the block is done.

    Where the block raises, the old folder is kept. The parent is made where it is missing.
    Leftovers of killed processes are deleted.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    drop_leftovers(place)
    writer = f".{os.getpid()}"
    with tempfile.TemporaryDirectory(writer, f".{place.name}.", place.parent) as beside:
        new = Path(beside) / place.name
        new.mkdir()
        yield new
        replace_folder(new, place)


def replace_folder(new: Path, place: Path) -> None:
    """Rename the finished folder `new` to `place`, whose parent exists.

    The old folder is put aside as `<place>.old` first and deleted last: a kill at any instant
    leaves one of the two whole.
    """
    sync_tree(new)
    aside = place.with_name(f"{place.name}.old")
    if place.exists():
        if aside.exists():
            shutil.rmtree(aside)
        place.rename(aside)
    new.rename(place)
    sync(place.parent)
    if aside.exists():
        shutil.rmtree(aside)


def sync_tree(folder: Path) -> None:
    """Force every file and folder below `folder`, and itself, to the disk."""
    for path in folder.rglob("*"):
        sync(path)
    sync(folder)


def sync(path: Path) -> None:
    """Force a file's content, or the names in a folder, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def reserve(path: Path) -> None:
    """Allocate the disk space of a sparse file. Raises OSError where the disk is full.

    A file that is written through a memory map would end the process where the disk is full.
    """
    with path.open("r+b") as file:
        os.posix_fallocate(file.fileno(), 0, path.stat().st_size)


def drop_leftovers(path: Path) -> None:
    """Delete the leftovers of a process that was killed while it wrote `path`."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.*"):
        import psutil  # imported late: it is seldom needed, and `cantus check` answers quickly

        writer = left.suffix[1:]
        if not writer.isdigit() or psutil.pid_exists(int(writer)):
            continue
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)
