"""Lhotse's manifests: cuts, or recordings with their supervisions, as JSONL, gzipped or not.

A cut with one supervision, or none, is a clip. Of a cut with several, and of a recording, each
supervision is a clip; a recording without one is a clip as a whole. Cuts of several channels or
several recordings are quarantined, and so is what `lhotse_source` refuses.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator

from engine.corpus.layouts.database import decode, encode
from engine.corpus.layouts.facts import Facts
from engine.corpus.layouts.files import Files
from engine.corpus.layouts.json_objects import read_objects
from engine.corpus.layouts.lhotse_source import Source, Span, source_of, span_of
from engine.corpus.layouts.rows import Row, Table
from engine.corpus.table.manifest import Listed
from engine.errors import UserError

_MONO = ("MonoCut", "Cut", None)


def cut_rows(files: Files, table: Table) -> Iterator[Row]:
    """What the cuts of one table say. Raises UserError where one cannot be read."""
    for cut in _read(files, table):
        yield from _cut(cut, table)


def recording_rows(
    files: Files,
    recordings: Iterable[Table],
    supervisions: Iterable[Table],
    database: sqlite3.Connection,
) -> Iterator[Row]:
    """What supervisions say of recordings, and the recordings that none speaks of.

    Raises UserError where a line cannot be read, or two recordings have one id.
    """
    for table in recordings:
        for recording in _read(files, table):
            _store(recording, table, database)
    for table in supervisions:
        for supervision in _read(files, table):
            yield _supervised(supervision, table, database)
    query = "SELECT place, listed, json FROM recordings WHERE NOT used ORDER BY id"
    for place, listed, stored in database.execute(query):
        recording = Facts(json.loads(stored), decode(place))
        yield _row(recording, Facts({}, decode(place)), source_of(recording), Span(), listed)


def _read(files: Files, table: Table) -> Iterator[Facts]:
    for number, value in read_objects(files.folder / table.path):
        yield Facts(value, f"{table.path} line {number}")


def _cut(cut: Facts, table: Table) -> Iterator[Row]:
    kind = cut.words("type")
    if kind not in _MONO or "tracks" in cut.values:
        refused = f"a {kind or 'MixedCut'} is of several channels or recordings, and is not read"
        yield Row(place=cut.place, name=cut.words("id") or "", refused=refused)
        return
    source = source_of(cut.inside("recording"), cut.values.get("channel"))
    supervisions = cut.each("supervisions")
    if len(supervisions) > 1:
        for one in supervisions:
            yield _row(one, one, source, span_of(cut, one, source), table.listed)
    else:
        spoken = supervisions[0] if supervisions else Facts({}, cut.place)
        yield _row(cut, spoken, source, span_of(cut, None, source), table.listed)


def _store(recording: Facts, table: Table, database: sqlite3.Connection) -> None:
    name = recording.words("id") or ""
    try:
        stored = json.dumps(recording.values)
    except RecursionError as error:
        raise UserError(f"{recording.place}: an object is nested too deep.") from error
    row = (encode(name), encode(recording.place), table.listed, stored)
    query = "INSERT OR IGNORE INTO recordings (id, place, listed, json) VALUES (?, ?, ?, ?)"
    if not database.execute(query, row).rowcount:
        raise UserError(
            f"{recording.place}: the id {name!r} is that of an earlier recording. Give each "
            "recording an id of its own."
        )


def _supervised(supervision: Facts, table: Table, database: sqlite3.Connection) -> Row:
    name = encode(supervision.words("recording_id") or "")
    query = "UPDATE recordings SET used = 1 WHERE id = ? RETURNING place, json"
    found = database.execute(query, (name,)).fetchall()
    if not found:
        refused = f"no table has its recording {decode(name)!r}"
        return Row(place=supervision.place, name=supervision.words("id") or "", refused=refused)
    recording = Facts(json.loads(found[0][1]), decode(found[0][0]))
    source = source_of(recording, supervision.values.get("channel"))
    span = span_of(supervision, None, source)
    return _row(supervision, supervision, source, span, table.listed)


def _row(named: Facts, spoken: Facts, source: Source, span: Span, listed: Listed | None) -> Row:
    return Row(
        place=named.place,
        name=source.name,
        refused=source.refused,
        bad_number=span.bad_number,
        id=named.words("id"),
        start_seconds=span.start_seconds,
        seconds=span.seconds,
        channel=source.channel,
        text=spoken.words("text"),
        speaker=spoken.words("speaker"),
        language=spoken.words("language"),
        listed=listed,
    )
