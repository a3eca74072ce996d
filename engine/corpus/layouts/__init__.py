"""How a folder of audio is laid out, found by what lies in it."""

import sqlite3
from collections.abc import Sequence
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
from engine.corpus.layouts.speakers import name_speakers, speaker_by_folder
from engine.corpus.layouts.speech_commands import is_speech_commands, list_speech_commands
from engine.corpus.layouts.table_columns import TableColumns
from engine.corpus.layouts.tables import Tables, find_tables, is_table_name
from engine.corpus.layouts.texts import add_texts, pair_texts
from engine.corpus.licence import LICENCE_FILE
from engine.errors import UserError

__all__ = ["Candidate", "Listing", "list_files"]


def list_files(
    folder: Path,
    scratch: Path,
    *,
    columns: Sequence[str] = (),
    speaker_folders: bool = False,
    follow_links: bool = False,
) -> Listing:
    """The files of a corpus folder, read by the layout they are in.

    The listing is kept in the folder `scratch`, and can be read as long as that is there.
    `columns` names the columns of its tables, where these do not do so or not in known words.
    `speaker_folders` says that a folder's name is a speaker, where nothing else names one.
    `follow_links` says that links may lead out of the folder. What cannot be read is among the
    missing. Raises UserError where a folder, or a list or table of the corpus, cannot be read, and
    where it is not certain what the columns of a table say.
    """
    with new_database(scratch) as (database, path):
        collector = Collector(database)
        files = find_files(folder, database, collector, follow_links=follow_links)
        pair_texts(files, database)
        table_columns = TableColumns(files, columns, collector.passed_over)
        layout, tables = _list(files, table_columns, collector, database)
        if layout != "speech_commands":
            name_lists(database)
        if speaker_folders and layout != "speech_commands":
            name_speakers(database, folder_of)
        settle_ids(database)
        for table in tables:
            collector.mark_read(table)
        if files.find(LICENCE_FILE) == (LICENCE_FILE, "other"):
            collector.mark_read(LICENCE_FILE)
        count_others(files, collector.passed_over)
        return Listing(
            layout=layout,
            columns=table_columns.understood,
            num_candidates=_count(database, "candidates"),
            num_missing=_count(database, "missing"),
            passed_over=collector.passed_over.all(),
            database=path,
        )


def _list(
    files: Files, columns: TableColumns, collector: Collector, database: sqlite3.Connection
) -> tuple[str, tuple[str, ...]]:
    """Enter what the layout makes of the files; its name, and the tables that it read."""
    _require_tables(files, database)
    tables = find_tables(files, columns.evidence, collector.passed_over)
    if columns.given and not (tables and tables.are_of_columns):
        raise UserError(
            f"Columns {','.join(columns.given)} are given, and {files.folder} holds no table with "
            "columns that names its clips. Leave them out (--columns, or columns in params.toml)."
        )
    if tables is None and is_speech_commands(files):
        tables = Tables(kind="speech_commands", tables=())
    if tables is None:
        list_folder(files, collector)
        has_texts = add_texts(files, collector, database)
        return "one_text_a_clip" if has_texts else "folder", ()
    if tables.kind == "speech_commands":
        list_speech_commands(files, tables.tables, collector, database)
    else:
        list_by_tables(files, tables, columns, collector, database)
    if tables.kind == "prompts":
        name_speakers(database, speaker_by_folder)
    if tables.kind in ("speech_commands", "metadata", "lists", "table"):
        add_texts(files, collector, database)
    read = [table.path for table in (*tables.tables, *tables.supervisions)]
    if tables.kind == "kaldi":
        read += [path for table in tables.tables for path in files_beside(files, table)]
    return tables.kind, tuple(sorted(read))


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
