"""Files by the ends of their paths, whatever their case, Unicode form and suffix."""

import posixpath
import sqlite3
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath

from engine.corpus.audio.suffixes import AUDIO_SUFFIXES
from engine.corpus.layouts.database import decode, encode

_AT_MOST = 50
"""Number of files with one end that are read: no more are distinguished."""


class Tails:
    """Audio files by their paths read from the end: `wavs/Clip.WAV` is kept as `clip/wavs/`.

    Made when the first name is looked up that stands at no path: most tables never need it.
    """

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._depth = 1
        database.create_function("tail", 1, _stored_tail, deterministic=True)
        database.execute(
            "CREATE TABLE tails (tail BLOB, path BLOB, PRIMARY KEY (tail, path)) WITHOUT ROWID"
        )
        database.execute(
            "INSERT INTO tails SELECT tail(path), path FROM files WHERE kind = 'audio'"
        )

    def find(self, parts: Sequence[str], folder: str) -> tuple[list[str], int]:
        """Files with the longest end of the path `parts` that any file has, and its length.

        Those below `folder` go before others, and of those the ones that have the name's own
        suffix, case and Unicode form. One file is an answer; several files are not.
        """
        tail = [same_form(part) for part in (*parts[:-1], _stem(parts[-1]))] if parts else []
        length = self._longest(tail[::-1])
        if not length:
            return [], 0
        paths = [decode(path) for (path,) in self._with(tail[::-1][:length], _AT_MOST)]
        if len(paths) == _AT_MOST:
            return paths, length
        for is_better in (_below(folder), _named(parts[-1], same_form), _named(parts[-1], str)):
            paths = [path for path in paths if is_better(path)] or paths
        return paths, length

    def _longest(self, tail: Sequence[str]) -> int:
        length = min(self._depth, len(tail))  # names of one table mostly share it
        while length and not self._with(tail[:length], 1):
            length -= 1
        while length and length < len(tail) and self._with(tail[: length + 1], 1):
            length += 1
        self._depth = max(length, 1)
        return length

    def _with(self, tail: Sequence[str], at_most: int) -> list[tuple[bytes]]:
        start = encode("/".join(tail))
        query = "SELECT path FROM tails WHERE tail >= ? AND tail < ? LIMIT ?"
        return self._database.execute(query, (start + b"/", start + b"0", at_most)).fetchall()


def same_form(text: str) -> str:
    """A name without regard to case and to how its letters are composed."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def _stem(name: str) -> str:
    stem, suffix = posixpath.splitext(name)
    return stem if suffix.lower() in AUDIO_SUFFIXES else name


def _stored_tail(stored: bytes) -> bytes:
    *folders, name = decode(stored).split("/")
    parts = (_stem(name), *reversed(folders), "")
    return encode(same_form("/".join(parts)))


def _below(folder: str) -> Callable[[str], bool]:
    return lambda path: path.startswith(f"{folder}/") if folder else True


def _named(name: str, form: Callable[[str], str]) -> Callable[[str], bool]:
    return lambda path: form(PurePosixPath(path).name) == form(name)
