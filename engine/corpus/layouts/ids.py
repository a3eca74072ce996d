"""Gives every candidate an id that no other has."""

import sqlite3
from itertools import count

from engine.corpus.layouts.database import decode, encode


def settle_ids(database: sqlite3.Connection) -> None:
    """An id that one candidate alone wishes for is its own; the rest get longer ones.

    Those hold the path with its suffix and, where that is taken or the candidate is a part of a
    file, its start in milliseconds. The outcome depends on the candidates alone.
    """
    database.execute(
        """UPDATE candidates SET id = wish WHERE 1 = (SELECT count(*) FROM (
            SELECT 1 FROM candidates AS other WHERE other.wish = candidates.wish LIMIT 2))"""
    )
    rows = database.execute(
        "SELECT path, start_seconds, seconds, channel FROM candidates WHERE id IS NULL "
        "ORDER BY path, start_seconds, seconds, channel"
    )
    numbers = count(2)
    for path, start, seconds, channel in rows:
        whole = start == 0 and seconds < 0
        longer = part_id(decode(path), start)
        name = decode(path) if whole else longer
        while not _takes(database, name, (path, start, seconds, channel)):
            name = longer if name == decode(path) else f"{longer}_{next(numbers)}"


def part_id(name: str, start_seconds: float) -> str:
    """The id of a part of a file: its name and the start in milliseconds, of 8 digits or more."""
    return f"{name}_{round(1000 * start_seconds):08d}"


def channel_id(name: str, channel: int) -> str:
    """The id of one channel (from 0) of what has several: its name and the number, from 1."""
    return f"{name}_channel{channel + 1}"


def is_safe_id(name: str) -> bool:
    """Whether a table's own id can be one here: a relative path without `..` or odd characters."""
    return (
        0 < len(name) <= 200
        and name.isprintable()
        and "\\" not in name
        and not any(part in ("", ".", "..") for part in name.split("/"))
    )


def _takes(database: sqlite3.Connection, name: str, key: tuple[object, ...]) -> bool:
    done = database.execute(
        "UPDATE OR IGNORE candidates SET id = ? "
        "WHERE path = ? AND start_seconds = ? AND seconds = ? AND channel = ?",
        (encode(name), *key),
    )
    return bool(done.rowcount)
