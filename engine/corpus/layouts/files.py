"""Which files a folder holds, in a database rather than in memory."""

import os
import re
import sqlite3
from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Literal

from engine.corpus.layouts.candidate import without_suffix
from engine.corpus.layouts.claims import claims_audio, is_hidden, is_plain_file
from engine.corpus.layouts.collector import Collector
from engine.corpus.layouts.database import decode, encode
from engine.corpus.layouts.tails import Tails
from engine.corpus.layouts.walk import walk
from engine.files.passing import patiently

Kind = Literal["audio", "other", "unreadable", "never opened"]
"""The last are pipes, devices, links to folders, and hidden files that are unreadable."""

_TABLE_SUFFIXES = frozenset(
    [".csv", ".tsv", ".psv", ".txt", ".list", ".lst", ".json", ".jsonl", ".gz", ".scp", ".data"]
)
_TABLE_NAMES = frozenset(["prompts", "prompts-original", "text", "transcript", "transcripts"])

# DVC may put links into its cache in the place of files; nothing else lies at such a path.
_DVC_CACHE = re.compile(r"/files/md5/[0-9a-f]{2}/[0-9a-f]{30}$")


class Files:
    """The files of a folder, by their paths inside it."""

    def __init__(self, folder: Path, database: sqlite3.Connection) -> None:
        self.folder = folder
        self._database = database
        self._tails: Tails | None = None

    def add(self, path: str, kind: Kind) -> None:
        """Enter one file."""
        stem = encode(without_suffix(path))
        row = (encode(path), stem, kind)
        self._database.execute("INSERT INTO files VALUES (?, ?, ?)", row)
        if kind == "other" and _may_be_table(path):
            place = (path.count("/"), encode(path))
            self._database.execute("INSERT INTO tables VALUES (?, ?)", place)

    def audio(self) -> Iterator[str]:
        """Audio files in the order of their bytes."""
        return self.of_kind("audio")

    def of_kind(self, kind: Kind) -> Iterator[str]:
        """Files of one kind in the order of their bytes."""
        query = "SELECT path FROM files WHERE kind = ? ORDER BY path"
        return (decode(path) for (path,) in self._database.execute(query, (kind,)))

    def has_audio_named(self, part: str) -> bool:
        """Whether the path of an audio file holds these characters."""
        query = "SELECT EXISTS (SELECT 1 FROM files WHERE kind = 'audio' AND instr(path, ?))"
        return bool(self._database.execute(query, (encode(part),)).fetchone()[0])

    def tables(self) -> Iterator[tuple[int, str]]:
        """(depth, path) of files whose names may be those of tables; those at the top first."""
        rows = self._database.execute("SELECT depth, path FROM tables ORDER BY depth, path")
        return ((depth, decode(path)) for depth, path in rows)

    def find(self, path: str) -> tuple[str, Kind] | None:
        """The file at `path`, which may lack its suffix, and what it is; audio before others."""
        query = "SELECT path, kind FROM files WHERE path = ?"
        row = self._database.execute(query, (encode(path),)).fetchone()
        if not row:
            query = (
                "SELECT path, kind FROM files WHERE stem = ? ORDER BY kind != 'audio', path LIMIT 1"
            )
            row = self._database.execute(query, (encode(path),)).fetchone()
        return (decode(row[0]), row[1]) if row else None

    def tails(self) -> Tails:
        """The audio files by the ends of their paths, when they have all been entered."""
        self._tails = self._tails or Tails(self._database)
        return self._tails

    def others(self) -> Iterator[tuple[str, Kind]]:
        """Files that are no candidates, not quarantined and not read, sorted by their bytes."""
        query = """SELECT path, kind FROM files
            WHERE NOT EXISTS (SELECT 1 FROM candidates WHERE candidates.path = files.path)
            AND NOT EXISTS (SELECT 1 FROM missing WHERE missing.path = files.path)
            AND NOT EXISTS (SELECT 1 FROM read WHERE read.path = files.path) ORDER BY path"""
        return ((decode(path), kind) for path, kind in self._database.execute(query))


def find_files(
    folder: Path, database: sqlite3.Connection, collector: Collector, *, follow_links: bool
) -> Files:
    """Look through `folder` at any depth. Links to folders are not followed.

    A file is audio where its suffix or its first bytes say so; hidden files and folders never are.
    Broken links, files that may not be opened, and links out of the folder unless `follow_links`,
    are quarantined. Raises UserError where a folder cannot be read.
    """
    files = Files(folder, database)
    root = os.path.realpath(folder)
    for path in walk(folder):
        try:
            hidden = is_hidden(path)
            kind = partial(_kind, folder / path, root, hidden=hidden, any_link=follow_links)
            files.add(path, patiently(kind))
        except OSError as error:
            files.add(path, "never opened" if is_hidden(path) else "unreadable")
            if not is_hidden(path):
                collector.quarantine(path, "unreadable", _detail(folder / path, error))
    return files


def _may_be_table(path: str) -> bool:
    name = PurePosixPath(path.lower())
    may_be = name.suffix in _TABLE_SUFFIXES or name.name in _TABLE_NAMES
    return may_be and not is_hidden(path)


def _kind(path: Path, root: str, *, hidden: bool, any_link: bool) -> Kind:
    if not any_link:
        _require_inside(path, root)
    if not is_plain_file(path):
        return "never opened"
    return "audio" if not hidden and claims_audio(path) else "other"


def _require_inside(path: Path, root: str) -> None:
    if path.is_symlink():
        target = os.path.realpath(path, strict=True)
        if os.path.commonpath([root, target]) != root and not _DVC_CACHE.search(target):
            raise OSError("it leaves the folder, and is not followed")


def _detail(path: Path, error: OSError) -> str:
    said = error.strerror or str(error)
    return f"a link to {os.readlink(path)}: {said}" if path.is_symlink() else said  # noqa: PTH115
