"""A folder whose files a table names."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice

from engine.corpus.layouts.asterisk import asterisk_rows
from engine.corpus.layouts.chatml import chatml_rows
from engine.corpus.layouts.collector import Collector
from engine.corpus.layouts.column_rows import add_unnamed, column_rows
from engine.corpus.layouts.files import Files
from engine.corpus.layouts.finder import Finder
from engine.corpus.layouts.kaldi import kaldi_rows
from engine.corpus.layouts.lhotse import cut_rows, recording_rows
from engine.corpus.layouts.librispeech import librispeech_rows
from engine.corpus.layouts.object_rows import object_rows
from engine.corpus.layouts.prompts import folders_of, prompt_rows
from engine.corpus.layouts.rows import Row, Table, candidate_of, take_row
from engine.corpus.layouts.table_columns import BELOW, TableColumns
from engine.corpus.layouts.tables import Kind, Tables
from engine.corpus.layouts.voice_samples import voice_sample_rows
from engine.corpus.table.manifest import Listed

_ROWS: Mapping[Kind, Callable[[Files, Table], Iterator[Row]]] = {
    "lhotse_cuts": cut_rows,
    "librispeech": librispeech_rows,
    "nemo": object_rows,
    "chatml": chatml_rows,
    "voice_samples": voice_sample_rows,
    "prompts": prompt_rows,
}

_ORDER: Mapping[Listed | None, int] = {"test": 0, "eval": 1, "train": 2, None: 3}
"""Kaldi's folders overlap (`train`, `train_5k`, `all`): what is held out stays so."""

_LEARNT_FROM = 100
_NAMED_BEFORE = "rows that name a file that another table has named"


def list_by_tables(
    files: Files,
    tables: Tables,
    columns: TableColumns,
    collector: Collector,
    database: sqlite3.Connection,
) -> None:
    """Enter what the tables name.

    A row whose file is absent, unreadable or outside the corpus folder is quarantined. Audio that
    no row names is a clip beside a table of all clips, of which nothing is known; elsewhere it is
    not a clip.
    Raises UserError where a table cannot be read, or what its columns say is not certain.
    """
    for table, rows in _rows(files, tables, columns, collector, database):
        finder = Finder(
            files=files,
            table=table.path,
            below=_below(tables, table),
            tally=collector.passed_over,
        )
        for row in _learning(rows, finder):
            if tables.kind != "table" or not _is_named_before(row, table, finder, collector):
                take_row(row, finder, collector)
    if tables.kind in ("metadata", "table"):
        add_unnamed(files, collector)


def _rows(
    files: Files,
    tables: Tables,
    columns: TableColumns,
    collector: Collector,
    database: sqlite3.Connection,
) -> Iterator[tuple[Table, Iterable[Row]]]:
    """The tables in the order in which they count, each with its rows."""
    if tables.kind == "lhotse_recordings":
        rows = recording_rows(files, tables.tables, tables.supervisions, database)
        yield tables.tables[0], rows
    elif tables.kind == "kaldi":
        for table in sorted(tables.tables, key=lambda one: _ORDER[one.listed]):
            yield table, kaldi_rows(files, table, collector, database)
    elif tables.kind == "asterisk":
        for table in tables.tables:
            yield table, asterisk_rows(files, table, collector)
    elif tables.are_of_columns:
        settled = columns.settle(tables)
        for table in tables.tables:
            if table.path in settled:
                yield table, column_rows(files, table, settled[table.path])
    else:
        for table in tables.tables:
            yield table, _ROWS[tables.kind](files, table)


def _below(tables: Tables, table: Table) -> Sequence[str]:
    if tables.kind == "prompts":
        return folders_of(table.path)
    if tables.are_of_columns:
        return ("clips", *BELOW) if tables.kind.startswith("common_voice") else BELOW
    return ("",)


def _learning(rows: Iterable[Row], finder: Finder) -> Iterator[Row]:
    """The rows, of which the finder has seen the first before it looks one up."""
    rows = iter(rows)
    first = list(islice(rows, _LEARNT_FROM))
    finder.learn(row.name for row in first if not row.refused)
    return chain(first, rows)


def _is_named_before(row: Row, table: Table, finder: Finder, collector: Collector) -> bool:
    """Whether another table has named the row's file, which then gets what it said nothing of."""
    path, _ = finder.find(row.name, is_counted=False) or ("", None)
    if not path or not collector.is_named_elsewhere(path, f"{table.path} line"):
        return False
    if not collector.complete(candidate_of(row, path)):
        collector.passed_over.add(_NAMED_BEFORE, row.place)
    return True
