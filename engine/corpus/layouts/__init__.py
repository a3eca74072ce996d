"""How a folder of audio is laid out, found by what lies in it."""

import sqlite3
from pathlib import Path

from engine.corpus.layouts.by_table import list_by_tables
from engine.corpus.layouts.candidate import Candidate, folder_of
from engine.corpus.layouts.collector import Collector
from engine.corpus.layouts.database import decode, new_database
from engine.corpus.layouts.files import Files, find_files
from engine.corpus.layouts.folder import list_folder
from engine.corpus.layouts.ids import settle_ids
from engine.corpus.layouts.kaldi import files_beside
from engine.corpus.layouts.listing import Listing
from engine.corpus.layouts.lists import name_lists
from engine.corpus.layouts.others import count_others
from engine.corpus.layouts.speakers import name_speakers
from engine.corpus.layouts.speech_commands import is_speech_commands, list_speech_commands
from engine.corpus.layouts.tables import find_tables, is_table_name
from engine.corpus.layouts.texts import add_texts, pair_texts
from engine.errors import UserError

__all__ = ["Candidate", "Listing", "list_files"]


def list_files(
    folder: Path, scratch: Path, *, speaker_folders: bool = False, follow_links: bool = False
) -> Listing:
    """The files of a corpus folder, read by the layout they are in.

    The listing is kept in the folder `scratch`, and can be read as long as that is there.
    `speaker_folders` says that a folder's name is a speaker, where nothing else names one.
    `follow_links` says that links may lead out of the folder. What cannot be read is among the
    missing. Raises UserError where a folder, or a list or table of the corpus, cannot be read.
    """
    with new_database(scratch) as (database, path):
        collector = Collector(database)
        files = find_files(folder, database, collector, follow_links=follow_links)
        pair_texts(files, database)
        layout, tables = _list(files, collector, database)
        if speaker_folders and layout != "speech_commands":
            name_speakers(database, folder_of)
        settle_ids(database)
        for table in tables:
            collector.mark_read(table)
        count_others(files, collector.passed_over)
        return Listing(
            layout=layout,
            num_candidates=_count(database, "candidates"),
            num_missing=_count(database, "missing"),
            passed_over=collector.passed_over.all(),
            database=path,
        )


def _list(
    files: Files, collector: Collector, database: sqlite3.Connection
) -> tuple[str, tuple[str, ...]]:
    """Enter what the layout makes of the files; its name, and the tables that it read."""
    _require_tables(files, database)
    tables = find_tables(files)
    lists = tables.get("speech_commands", ())
    if lists or (not tables and is_speech_commands(files)):
        list_speech_commands(files, lists, collector, database)
        add_texts(files, collector, database)
        return "speech_commands", tuple(table.path for table in lists)
    if tables:
        kind = list_by_tables(files, tables, collector, database)
        read = [table.path for table in (*tables[kind], *tables.get("lhotse_supervisions", ()))]
        if kind == "kaldi":
            read += [path for table in tables[kind] for path in files_beside(files, table)]
        return kind, tuple(sorted(read))
    list_folder(files, collector)
    has_texts = add_texts(files, collector, database)
    name_lists(database)
    return "one_text_a_clip" if has_texts else "folder", ()


def _require_tables(files: Files, database: sqlite3.Connection) -> None:
    for stored, detail in database.execute("SELECT path, detail FROM missing ORDER BY path"):
        path = decode(stored)
        if is_table_name(path):
            raise UserError(
                f"{files.folder / path} cannot be read ({decode(detail)}), and it says what the "
                "files are. Make it readable, or take it out."
            )


def _count(database: sqlite3.Connection, table: str) -> int:
    return int(database.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
