"""Files that are computed once and kept: checked, safe with two processes, arrays memory-mapped."""

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePath

import numpy as np
from attrs import define, field

from engine.files.atomic import reserve, sync, write_atomically
from engine.files.checksum import digest_of, sha256_of
from engine.files.lock import lock

_log = logging.getLogger(__name__)

Key = Mapping[str, str | int | float | None]
"""All that a content depends on: digest of the data, settings, version of the code."""
Fill = Callable[[np.ndarray], None]
"""Writes every element of an array."""
Write = Callable[[Path], None]
"""Writes a file."""


@define
class Features:
    """Files by their keys: found in one of the folders `prepared`, or else made in `folder`.

    Such a file is called by its name and digits of its key: 'tokens.npz' with some key is
    tokens-3f9c2ab81d04e5f6.npz. It is written beside and renamed; one whose checksum is wrong is
    made again. Of two processes the second waits for the first.
    """

    folder: Path
    prepared: Sequence[Path] = ()
    """Folders that a stage has written: they are read alone."""
    used: list[Path] = field(factory=list)
    """The files that were asked for."""

    def file(self, name: str, key: Key, write: Write) -> Path:
        """The file that belongs to `key`, made by `write` where it is not kept yet."""
        path = self.kept(name, key)
        if path is None:
            path = self._made(self.folder / _keyed(name, key), write)
            self.used.append(path)
        return path

    def kept(self, name: str, key: Key) -> Path | None:
        """The file that belongs to `key`, where it is kept and sound."""
        places = (place / _keyed(name, key) for place in (*self.prepared, self.folder))
        path = next(filter(_is_sound, places), None)
        if path is not None:
            self.used.append(path)
        return path

    def array(
        self, name: str, key: Key, shape: Sequence[int], dtype: str, fill: Fill
    ) -> np.ndarray:
        """The read-only array that belongs to `key`, computed by `fill` where it is not kept."""

        def write(path: Path) -> None:
            kind = np.dtype(dtype)
            array = np.lib.format.open_memmap(path, mode="w+", dtype=kind, shape=tuple(shape))
            reserve(path)
            fill(array)
            array.flush()

        path = self.file(f"{name}.npy", {**key, "shape": str([*shape]), "dtype": dtype}, write)
        # A plain array over the map: slices of a memmap cost ten times as much.
        array: np.ndarray = np.load(path, mmap_mode="r").view(np.ndarray)
        return array

    def _made(self, path: Path, write: Write) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        with lock(path.with_suffix(".lock")):
            if not _is_sound(path):
                _make(path, write)
        return path


def cached_array(
    folder: Path, name: str, key: Key, shape: Sequence[int], dtype: str, fill: Fill
) -> np.ndarray:
    """The array of `key` in a folder that no stage has written: see `Features`."""
    return Features(folder).array(name, key, shape, dtype, fill)


def checksum_path(path: Path) -> Path:
    """Where the SHA-256 of a kept file is written."""
    return path.with_suffix(".sha256")


def _keyed(name: str, key: Key) -> str:
    """A file's name with digits of its key."""
    called = PurePath(name)
    return f"{called.stem}-{_digest(key)}{called.suffix}"


def _digest(key: Key) -> str:
    return digest_of(sorted(key.items()))[:16]


def _make(path: Path, write: Write) -> None:
    beside = path.with_suffix(".partial")
    try:
        write(beside)
        sync(beside)
        write_atomically(checksum_path(path), sha256_of(beside))
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _is_sound(path: Path) -> bool:
    if not path.is_file():
        return False
    noted = checksum_path(path)
    if noted.is_file() and noted.read_text() == sha256_of(path):
        return True
    _log.warning("%s is damaged and is computed again", path)
    return False
