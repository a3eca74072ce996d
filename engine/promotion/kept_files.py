"""Records of a promoted model's files, to find out whether they are present and unchanged."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from attrs import frozen

from engine.files.checksum import sha256_of

_END = 65_536
"""Bytes at either end of a file that the quick check reads. Training changes all bytes of
weights."""


@frozen
class KeptFile:
    """The record of a file."""

    size: int
    """Bytes."""
    ends: str
    """SHA-256 of its first and last 64 KiB."""
    sha256: str

    @classmethod
    def of(cls, path: Path) -> "KeptFile":
        """The record of an existing file."""
        return cls(path.stat().st_size, _ends(path), sha256_of(path))


Kept = Mapping[str, KeptFile]
"""Records by path below the model's folder."""


def kept_files(folder: Path) -> Kept:
    """Every file below a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): KeptFile.of(path) for path in files}


def find_change(folder: Path, kept: Kept, *, thorough: bool = False) -> str | None:
    """The first missing or changed file of a model, in words; None where all are unchanged.

    The quick check compares sizes and ends; the thorough one reads every byte.
    """
    if not folder.is_dir():
        return "its files are not here"
    for name, known in kept.items():
        path = folder / name
        if not path.is_file():
            return f"{name} is missing"
        same = path.stat().st_size == known.size and _ends(path) == known.ends
        if not same or (thorough and sha256_of(path) != known.sha256):
            return f"{name} was changed"
    return None


def _ends(path: Path) -> str:
    with path.open("rb") as file:
        first = file.read(_END)
        file.seek(max(_END, path.stat().st_size - _END))
        return hashlib.sha256(first + file.read()).hexdigest()
