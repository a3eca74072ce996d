"""The files of a corpus in a temporary SQLite database, so that memory stays flat at a million.

Every text is stored as bytes: a file name need not be UTF-8, and bytes sort alike everywhere.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import overload

from engine.errors import UserError

_FILE = "files.sqlite"

# -1 stands for None: parts of a primary key are never null.
_SCHEMA = """
CREATE TABLE files (path BLOB PRIMARY KEY, stem BLOB, kind TEXT) WITHOUT ROWID;
CREATE INDEX files_by_stem ON files (stem);
CREATE TABLE tables (depth INTEGER, path BLOB, PRIMARY KEY (depth, path)) WITHOUT ROWID;
CREATE TABLE candidates (
    path BLOB, start_seconds REAL, seconds REAL, channel INTEGER, wish BLOB, id BLOB, speaker BLOB,
    language BLOB, text BLOB, label BLOB, listed TEXT, place BLOB,
    PRIMARY KEY (path, start_seconds, seconds, channel)
) WITHOUT ROWID;
CREATE INDEX candidates_by_wish ON candidates (wish);
CREATE UNIQUE INDEX candidates_by_id ON candidates (id);
CREATE TABLE missing (
    path BLOB, number INTEGER, reason TEXT, detail BLOB, PRIMARY KEY (path, number)
) WITHOUT ROWID;
CREATE TABLE named (path BLOB PRIMARY KEY, listed TEXT, place BLOB) WITHOUT ROWID;
CREATE TABLE texts (
    audio BLOB, rank INTEGER, path BLOB, PRIMARY KEY (audio, rank, path)
) WITHOUT ROWID;
CREATE TABLE read (path BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE folders (pattern BLOB, path BLOB, PRIMARY KEY (pattern, path)) WITHOUT ROWID;
CREATE TABLE said (
    file TEXT, key BLOB, rest BLOB, line INTEGER, used INTEGER, PRIMARY KEY (file, key)
) WITHOUT ROWID;
CREATE TABLE recordings (
    id BLOB PRIMARY KEY, place BLOB, listed TEXT, json TEXT, used INTEGER DEFAULT 0
) WITHOUT ROWID;
"""


@contextmanager
def new_database(scratch: Path) -> Iterator[tuple[sqlite3.Connection, Path]]:
    """An empty database in the folder `scratch`, and its path; complete when the block ends.

    Raises UserError where it cannot be written.
    """
    path = scratch / _FILE
    scratch.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            # It lives as long as one command: nothing in it need outlast a crash.
            database.execute("PRAGMA journal_mode = OFF")
            database.execute("PRAGMA synchronous = OFF")
            database.executescript(_SCHEMA)
            database.execute("BEGIN")
            yield database, path
            database.execute("COMMIT")
    except sqlite3.OperationalError as error:
        raise UserError(
            f"The list of files cannot be written to {path}: {error}. Free space there."
        ) from error


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A complete database, to be read from whichever thread asks for the next row."""
    uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
    with closing(sqlite3.connect(uri, uri=True, check_same_thread=False)) as database:
        yield database


@overload
def encode(text: str) -> bytes: ...
@overload
def encode(text: None) -> None: ...
def encode(text: str | None) -> bytes | None:
    """A text as it is stored."""
    return None if text is None else text.encode("utf-8", "surrogateescape")


@overload
def decode(stored: bytes) -> str: ...
@overload
def decode(stored: None) -> None: ...
def decode(stored: bytes | None) -> str | None:
    """A stored text as it was."""
    return None if stored is None else stored.decode("utf-8", "surrogateescape")
