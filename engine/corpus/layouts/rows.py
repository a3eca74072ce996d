"""From what a table's row says to a candidate, or to quarantine with a sentence."""

from typing import Literal

from attrs import frozen

from engine.corpus.layouts.candidate import Candidate, without_suffix
from engine.corpus.layouts.collector import Collector
from engine.corpus.layouts.finder import Finder
from engine.corpus.layouts.ids import is_safe_id, part_id
from engine.corpus.table.manifest import Listed


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
    """A sentence, where a time in the row is not valid."""
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
