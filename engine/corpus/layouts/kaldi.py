"""Kaldi's data folders: `wav.scp`, and beside it `segments`, `text`, `utt2spk`, `utt2lang`.

A line is an utterance's id and what is said of it; `segments` has `UTTERANCE RECORDING START END`,
without it each recording is an utterance. A line of `wav.scp` that ends in `|` is a command. No
command is ever run: one that only decodes a file is read as that file, any other is quarantined.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import PurePosixPath

from attrs import frozen

from engine.corpus.layouts.collector import Collector
from engine.corpus.layouts.database import decode, encode
from engine.corpus.layouts.facts import Facts
from engine.corpus.layouts.files import Files
from engine.corpus.layouts.kaldi_source import source_of
from engine.corpus.layouts.lhotse_source import Source, Span, span_of
from engine.corpus.layouts.lines import read_text_lines
from engine.corpus.layouts.rows import Row, Table

RECORDINGS, SEGMENTS = "wav.scp", "segments"
SAID = ("text", "utt2spk", "utt2lang")
"""Files with facts about utterances: their text, speaker and language."""

_TO_THE_END = -1


@frozen(kw_only=True)
class _Utterance:
    """A recording, or a segment of one."""

    place: str
    name: str
    recording: str
    span: Span


def files_beside(files: Files, table: Table) -> list[str]:
    """The files of a data folder that say something of its recordings, by their paths."""
    paths = (_beside(table, name) for name in (SEGMENTS, *SAID))
    return [path for path in paths if (files.folder / path).is_file()]


def kaldi_rows(
    files: Files, table: Table, collector: Collector, database: sqlite3.Connection
) -> Iterator[Row]:
    """What one data folder says of its utterances.

    What is said of others is counted. Raises UserError where a file of it cannot be read.
    """
    database.execute("DELETE FROM said")
    for path in (table.path, *(_beside(table, name) for name in SAID)):
        for number, name, rest in _pairs(files, path):
            row = (PurePosixPath(path).name, encode(name), encode(rest), number)
            query = "INSERT OR IGNORE INTO said VALUES (?, ?, ?, ?, 0)"
            if not database.execute(query, row).rowcount:
                what = "lines whose id an earlier line of the file has"
                collector.passed_over.add(what, f"{path} line {number}")
    for utterance in _utterances(files, table, database):
        yield _row(utterance, table, database)
    for name in (RECORDINGS, *SAID):
        query = "SELECT key FROM said WHERE file = ? AND NOT used ORDER BY key"
        for (key,) in database.execute(query, (name,)):
            what = f"lines of {name} whose utterance or recording no other line names"
            collector.passed_over.add(what, f"{decode(key)} in {_beside(table, name)}")


def _utterances(files: Files, table: Table, database: sqlite3.Connection) -> Iterator[_Utterance]:
    path = _beside(table, SEGMENTS)
    if not (files.folder / path).is_file():
        query = "SELECT key, line FROM said WHERE file = ? ORDER BY line"
        for key, number in database.execute(query, (RECORDINGS,)):
            place = f"{table.path} line {number}"
            yield _Utterance(place=place, name=decode(key), recording=decode(key), span=Span())
        return
    for number, utterance, rest in _pairs(files, path):
        yield _segment(f"{path} line {number}", utterance, rest.split())


def _segment(place: str, name: str, cells: list[str]) -> _Utterance:
    try:
        _, start, end, *_ = cells
        times = {"start": float(start), "duration": float(end) - float(start)}
        if float(end) == _TO_THE_END:
            del times["duration"]
        span = span_of(Facts(times, place), None, Source(name=name))
    except ValueError:
        said = f"{place}: a segment is UTTERANCE RECORDING START END, with times in seconds"
        span = Span(bad_number=said)
    return _Utterance(place=place, name=name, recording=cells[0] if cells else "", span=span)


def _row(utterance: _Utterance, table: Table, database: sqlite3.Connection) -> Row:
    text, speaker, language = (_take(name, utterance.name, database) for name in SAID)
    line = _take(RECORDINGS, utterance.recording, database)
    absent = f"{table.path} has no recording {utterance.recording!r}"
    source = source_of(line) if line else Source(name="", refused=absent)
    return Row(
        place=utterance.place,
        name=utterance.name if source.refused else source.name,
        refused=source.refused,
        bad_number=utterance.span.bad_number,
        id=utterance.name,
        start_seconds=utterance.span.start_seconds,
        seconds=utterance.span.seconds,
        channel=source.channel,
        text=text or None,
        speaker=speaker or None,
        language=language or None,
        listed=table.listed,
        repeats="same text",
    )


def _take(file: str, key: str, database: sqlite3.Connection) -> str | None:
    query = "UPDATE said SET used = 1 WHERE file = ? AND key = ? RETURNING rest"
    found = database.execute(query, (file, encode(key))).fetchall()
    return decode(found[0][0]) if found else None


def _pairs(files: Files, path: str) -> Iterator[tuple[int, str, str]]:
    """(line, id, rest) of each line that is not blank; nothing where there is no such file."""
    if not (files.folder / path).is_file():
        return
    for number, line in read_text_lines(files.folder / path):
        name, _, rest = line.strip().replace("\t", " ").partition(" ")
        if name:
            yield number, name, rest.strip()


def _beside(table: Table, name: str) -> str:
    return str(PurePosixPath(table.path).with_name(name))
