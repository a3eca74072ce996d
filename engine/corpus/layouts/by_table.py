"""A folder whose files a table names."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence

from engine.corpus.layouts.chatml import chatml_rows
from engine.corpus.layouts.collector import Collector
from engine.corpus.layouts.files import Files
from engine.corpus.layouts.kaldi import kaldi_rows
from engine.corpus.layouts.lhotse import cut_rows, recording_rows
from engine.corpus.layouts.librispeech import librispeech_rows
from engine.corpus.layouts.metadata import add_unnamed, metadata_rows
from engine.corpus.layouts.nemo import nemo_rows
from engine.corpus.layouts.rows import Finder, Row, Table, take_row
from engine.corpus.layouts.tables import Kind, preferred
from engine.corpus.table.manifest import Listed

_ROWS: Mapping[Kind, Callable[[Files, Table], Iterator[Row]]] = {
    "metadata_pair": metadata_rows,
    "metadata": metadata_rows,
    "common_voice": metadata_rows,
    "common_voice_validated": metadata_rows,
    "lhotse_cuts": cut_rows,
    "librispeech": librispeech_rows,
    "nemo": nemo_rows,
    "chatml": chatml_rows,
}

_BELOW: Mapping[Kind, Sequence[str]] = {
    "metadata_pair": ("", "wavs"),
    "metadata": ("", "wavs"),
    "common_voice": ("clips", ""),
    "common_voice_validated": ("clips", ""),
}

_ORDER: Mapping[Listed | None, int] = {"test": 0, "eval": 1, "train": 2, None: 3}
"""Kaldi's folders overlap (`train`, `train_5k`, `all`): what is held out stays so."""


def list_by_tables(
    files: Files,
    tables: Mapping[Kind, Sequence[Table]],
    collector: Collector,
    database: sqlite3.Connection,
) -> Kind:
    """Enter what the tables of the preferred kind name, and say which kind it is.

    A row whose file is absent, unreadable or outside the corpus folder is quarantined. Audio that
    no row names is a clip beside a `metadata.csv`, of which nothing is known, and else is none.
    Raises UserError where a table cannot be read.
    """
    kind = preferred(tables)
    if kind == "lhotse_recordings":
        supervisions = tables.get("lhotse_supervisions", ())
        finder = Finder(files=files, table=tables[kind][0].path)
        for row in recording_rows(files, tables[kind], supervisions, database):
            take_row(row, finder, collector)
        return kind
    if kind == "kaldi":
        for table in sorted(tables[kind], key=lambda one: _ORDER[one.listed]):
            finder = Finder(files=files, table=table.path)
            for row in kaldi_rows(files, table, collector, database):
                take_row(row, finder, collector)
        return kind
    for table in tables[kind]:
        finder = Finder(files=files, table=table.path, below=_BELOW.get(kind, ("",)))
        for row in _ROWS[kind](files, table):
            take_row(row, finder, collector)
    if kind == "metadata":
        add_unnamed(files, collector)
    return kind
