"""Arrays that are computed once and kept: memory-mapped, checked, safe with two processes."""

import fcntl
import hashlib
import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from engine.atomic import reserve, sync, write_atomically
from engine.checksum import sha256_of

_log = logging.getLogger(__name__)

Fill = Callable[[np.ndarray], None]
"""Writes every element of an array."""


def cached_array(
    folder: Path,
    name: str,
    key: Mapping[str, str | int | float | None],
    shape: Sequence[int],
    dtype: str,
    fill: Fill,
) -> np.ndarray:
    """The read-only array that belongs to `key`, computed by `fill` where it is not kept yet.

    `key` must hold everything the content depends on: digest of the data, settings, version of the
    code. The file is written beside and renamed; a file whose size or checksum is wrong is computed
    again. Of two processes the second waits for the first.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{_digest(key, shape, dtype)}.npy"
    with _locked(path.with_suffix(".lock")):
        if not _is_sound(path):
            _compute(path, tuple(shape), dtype, fill)
    # A plain array over the map: slices of a memmap cost ten times as much.
    array: np.ndarray = np.load(path, mmap_mode="r").view(np.ndarray)
    return array


def _digest(key: Mapping[str, str | int | float | None], shape: Sequence[int], dtype: str) -> str:
    facts = [sorted(key.items()), list(shape), dtype]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def _compute(path: Path, shape: tuple[int, ...], dtype: str, fill: Fill) -> None:
    beside = path.with_suffix(".partial")
    array = np.lib.format.open_memmap(beside, mode="w+", dtype=np.dtype(dtype), shape=shape)
    try:
        reserve(beside)
        fill(array)
        array.flush()
        sync(beside)
        write_atomically(_checksum_path(path), sha256_of(beside))
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _is_sound(path: Path) -> bool:
    if not path.is_file():
        return False
    noted = _checksum_path(path)
    if noted.is_file() and noted.read_text() == sha256_of(path):
        return True
    _log.warning("%s is damaged and is computed again", path)
    return False


def _checksum_path(path: Path) -> Path:
    return path.with_suffix(".sha256")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock of a file; the kernel lets go of it when a process dies."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
