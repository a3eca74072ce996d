"""Which of a corpus's own lists a file or folder is, by a word of its name."""

import re
import sqlite3
from functools import lru_cache
from pathlib import PurePosixPath

from engine.corpus.layouts.candidate import folder_of
from engine.corpus.layouts.database import decode
from engine.corpus.table.manifest import Listed

_LISTS: dict[str, Listed] = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("dev", "eval", "evaluation", "val", "valid", "validation"), "eval"),
    **dict.fromkeys(("test", "testing"), "test"),
}


def list_of_path(path: str) -> Listed | None:
    """The list that a word of a file's name says, or else one of the innermost folder that does."""
    path_and_folders = (PurePosixPath(path), *PurePosixPath(path).parents)
    return next(filter(None, (list_named(one.name) for one in path_and_folders)), None)


def list_named(name: str) -> Listed | None:
    """The list that a name says by a word of it: `metadata_train.csv`, `dev-clean`."""
    lists = {_LISTS[word] for word in _words(name) if word in _LISTS}
    return lists.pop() if len(lists) == 1 else None


def without_list(name: str) -> str:
    """A table's name with a star for the word that says its list: what a pair has in common."""
    words = re.split(r"([^a-z]+)", name.lower())
    return "".join("*" if word in _LISTS else word for word in words)


def name_lists(database: sqlite3.Connection) -> None:
    """Candidates of no list are of the one that their folder says, where folders say several."""

    @lru_cache
    def of_folder(folder: str) -> Listed | None:
        return list_of_path(folder)

    def of_file(stored: bytes) -> Listed | None:
        return of_folder(folder_of(decode(stored)) or "")

    database.create_function("list_of", 1, of_file, deterministic=True)
    lists = "SELECT DISTINCT list_of(path) FROM candidates WHERE list_of(path) NOT NULL"
    if len(database.execute(lists).fetchall()) > 1:
        database.execute("UPDATE candidates SET listed = list_of(path) WHERE listed IS NULL")


def _words(name: str) -> list[str]:
    return re.split(r"[^a-z]+", name.lower())
