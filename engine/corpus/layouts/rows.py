"""From what a table's row says to a candidate, or to quarantine with a sentence."""

import os
import posixpath
from collections.abc import Sequence
from typing import Literal

from attrs import frozen

from engine.corpus.layouts.candidate import Candidate, without_suffix
from engine.corpus.layouts.collector import Collector
from engine.corpus.layouts.files import Files, Kind
from engine.corpus.layouts.ids import is_safe_id, part_id
from engine.corpus.table.manifest import Listed

_LEAVES = "it leaves the corpus folder, and is not read"


@frozen(kw_only=True)
class Table:
    """A table by its path inside the corpus, and which of the corpus's own lists it is."""

    path: str
    listed: Listed | None = None


@frozen(kw_only=True)
class Row:
    """What a row of a table says of a file, or of a part of one, before the file is looked up."""

    place: str
    """Table and line."""
    name: str
    """The file, as the table names it."""
    bad_number: str | None = None
    """A sentence, where a time in the row is none."""
    refused: str | None = None
    """A sentence, where the row's audio is nothing that can be read from the folder."""
    id: str | None = None
    start_seconds: float = 0.0
    seconds: float | None = None
    channel: int | None = None
    speaker: str | None = None
    language: str | None = None
    text: str | None = None
    label: str | None = None
    listed: Listed | None = None
    repeats: Literal["never", "same text", "any"] = "never"
    """When a file that another row has named may be named again without a word."""


@frozen(kw_only=True)
class Finder:
    """Looks up a table's files among those of the folder; nothing else is ever opened.

    A name is a path from the table's folder or the corpus folder, or from one of `below` in
    either; its suffix may be missing. An absolute path counts where it lies in the corpus folder.
    """

    files: Files
    table: str
    below: Sequence[str] = ("",)

    def find(self, name: str) -> tuple[str, Kind] | None:
        """The file's path inside the corpus, and what it is; None where there is none."""
        for inside in self._places(name):
            found = None if _leaves(inside) else self.files.find(inside)
            if found:
                return found
        return None

    def why_not(self, name: str) -> str:
        """Why a name was not found, in words."""
        if "://" in name:
            return "it is an address, and nothing is fetched"
        if any(_leaves(inside) for inside in self._places(name)):
            return _LEAVES
        return "not there"

    def _places(self, name: str) -> list[str]:
        name = self._relative(name)
        if name.startswith("/"):
            return [".."]
        names = dict.fromkeys((name, name.replace("\\", "/")))  # tables are written on Windows too
        folders = dict.fromkeys((posixpath.dirname(self.table), ""))
        return [
            posixpath.normpath(posixpath.join(folder, below, each))
            for each in names
            for folder in folders
            for below in self.below
        ]

    def _relative(self, name: str) -> str:
        folder = self.files.folder
        if not name.startswith("/"):
            return name
        for root in (os.path.abspath(folder), os.path.realpath(folder)):  # noqa: PTH100
            if name.startswith(f"{root}/"):
                return name.removeprefix(f"{root}/")
        return name


def take_row(row: Row, finder: Finder, collector: Collector) -> None:
    """Enter what a row names as a candidate, or in quarantine."""
    found = finder.find(row.name) if row.name and not row.refused else None
    if found is None:
        if row.repeats == "never" or not collector.has_file(row.name):
            collector.quarantine(row.name or row.place, "unreadable", _why_not(row, finder))
        return
    path, kind = found
    if row.bad_number:
        collector.quarantine(path, "header disagrees", row.bad_number)
    elif kind == "never opened":
        collector.quarantine(path, "unreadable", f"named in {row.place}, but no plain file")
    elif kind != "unreadable":  # which is quarantined already
        candidate = candidate_of(row, path)
        if not _may_repeat(row, candidate, collector):
            collector.add(candidate, row.place)


def _why_not(row: Row, finder: Finder) -> str:
    if row.refused:
        return f"{row.place}: {row.refused}"
    if not row.name:
        return f"{row.place} names no file"
    return f"named in {row.place}, but {finder.why_not(row.name)}"


def _may_repeat(row: Row, candidate: Candidate, collector: Collector) -> bool:
    if row.repeats == "never":
        return False
    return collector.has(candidate, same_text=row.repeats == "same text")


def candidate_of(row: Row, path: str) -> Candidate:
    """The candidate a row describes, its file at `path`."""
    name = without_suffix(path)
    part = row.start_seconds > 0 or row.seconds is not None
    path_id = part_id(name, row.start_seconds) if part else name
    return Candidate(
        path=path,
        id=row.id if row.id and is_safe_id(row.id) else path_id,
        start_seconds=row.start_seconds,
        seconds=row.seconds,
        channel=row.channel,
        speaker=row.speaker,
        language=row.language,
        text=row.text,
        label=row.label,
        listed=row.listed,
    )


def _leaves(inside: str) -> bool:
    return inside == ".." or inside.startswith(("../", "/"))
