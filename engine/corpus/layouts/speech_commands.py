"""Speech Commands (Warden, 2018): a folder a word, speakers in the names, official lists.

The words lie beside the lists, or in a folder beside them (`audio`, in Kaggle's archive), at any
depth. Words of the user's own lie in folders beside the others, or beside the whole set.
"""

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from engine.corpus.layouts.candidate import Candidate, folder_of, without_suffix
from engine.corpus.layouts.collector import Collector
from engine.corpus.layouts.database import decode, encode
from engine.corpus.layouts.files import Files
from engine.corpus.layouts.lines import read_lines
from engine.corpus.layouts.rows import Table
from engine.corpus.table.manifest import Listed

LISTS: Mapping[str, Listed] = {"validation_list.txt": "eval", "testing_list.txt": "test"}
NOISE = "_background_noise_"

_MARK = "_nohash_"
_ABSENT_WORDS = "lines of the lists that name words without a folder here"
_MAX_CLIPS_PER_WORD = 2**27 - 1
_TRIED = 200
"""Lines of a list, from all of it, that are looked up to find the folder that it speaks of."""


def is_speech_commands(files: Files) -> bool:
    """Whether the way that files are named gives the layout away."""
    return files.has_audio_named(_MARK)


def list_speech_commands(
    files: Files, lists: Sequence[Table], collector: Collector, database: sqlite3.Connection
) -> None:
    """Label = folder, speaker = the name's part before `_nohash_`; background noise is no clip.

    Where the official lists are absent, the rule by which they were made takes their place. A name
    without `_nohash_` is a word of an unknown speaker where its folder lies beside those of the
    words or around them, and else a clip of which nothing is known.
    """
    folders = _folders_of_words(files)
    folders |= {_read_list(table, folders, files, database) for table in lists}
    around = {around for folder in folders for around in _with_parents(folder)}
    for path in files.audio():
        if NOISE in PurePosixPath(path).parts:
            collector.passed_over.add_file("recordings of background noise", path)
        else:
            collector.add(_candidate(path, around, _listed(path, database), by_rule=not lists))
    _quarantine_absent(collector, database)


def list_by_rule(speaker: str) -> Listed:
    """Which list a speaker is on, by the rule `which_set` of the dataset's README.

    SHA-1 of the speaker, reduced to a percentage: below 10 validation, below 20 testing.
    """
    number = int(hashlib.sha1(speaker.encode("utf-8", "surrogateescape")).hexdigest(), 16)
    percentage = number % (_MAX_CLIPS_PER_WORD + 1) * (100.0 / _MAX_CLIPS_PER_WORD)
    return "eval" if percentage < 10 else "test" if percentage < 20 else "train"


def _folders_of_words(files: Files) -> set[str]:
    """Folders whose folders hold marked files; "" is the top."""
    marked = (path for path in files.audio() if _MARK in path)
    return {folder_of(folder_of(path) or "") or "" for path in marked}


def _with_parents(folder: str) -> Iterator[str]:
    yield folder
    yield from (str(parent).removeprefix(".") for parent in PurePosixPath(folder).parents)


def _read_list(
    table: Table, folders: Iterable[str], files: Files, database: sqlite3.Connection
) -> str:
    """Enter what a list names; the folder that its names start from."""
    lines = read_lines(files.folder / table.path)
    names = [(number, decode(line.strip())) for number, line in lines if line.strip()]
    some = names[:: max(1, len(names) // _TRIED)]
    below = _folder_named(table.path, [name for _, name in some], folders, files)
    listed = LISTS[PurePosixPath(table.path).name]
    for number, name in names:
        path = _found(below, name, files) or _inside(below, name)
        row = (encode(path), listed, encode(f"{table.path} line {number}"))
        database.execute("INSERT OR REPLACE INTO named VALUES (?, ?, ?)", row)
    return below


def _folder_named(table: str, names: Sequence[str], folders: Iterable[str], files: Files) -> str:
    """The list's own folder, or the one of words below it where its names lie."""
    own = folder_of(table) or ""
    below = sorted(one for one in folders if not own or one == own or one.startswith(f"{own}/"))
    for folder in (own, *below):
        if any(_found(folder, name, files) for name in names):
            return folder
    return own


def _found(folder: str, name: str, files: Files) -> str | None:
    """The file that a list names, which may have another suffix by now."""
    path = _inside(folder, name)
    found = files.find(path) or files.find(without_suffix(path))
    return found[0] if found else None


def _inside(folder: str, name: str) -> str:
    name = name.replace("\\", "/")
    return f"{folder}/{name}" if folder else name


def _listed(path: str, database: sqlite3.Connection) -> Listed | None:
    query = "SELECT listed FROM named WHERE path = ?"
    row = database.execute(query, (encode(path),)).fetchone()
    return row[0] if row else None


def _candidate(path: str, around: set[str], listed: Listed | None, *, by_rule: bool) -> Candidate:
    folder, name = folder_of(path) or "", PurePosixPath(path).name
    speaker = name.split(_MARK)[0] if _MARK in name else None
    is_beside = folder not in around and (folder_of(folder) or "") in around
    if not (listed or speaker or is_beside):
        return Candidate(path=path)
    word = PurePosixPath(folder).name or None
    by_name = list_by_rule(speaker or name) if by_rule else None
    return Candidate(
        path=path, speaker=speaker, label=word, text=word, listed=listed or by_name or "train"
    )


def _quarantine_absent(collector: Collector, database: sqlite3.Connection) -> None:
    absent = database.execute(
        "SELECT path, place FROM named "
        "WHERE NOT EXISTS (SELECT 1 FROM files WHERE files.path = named.path) ORDER BY path"
    )
    for stored, place in absent:
        path = decode(stored)
        if _has_folder(path, database) or ".." in path:
            detail = f"named in {decode(place)}, but not there"
            collector.quarantine(path, "unreadable", detail)
        else:
            collector.passed_over.add(_ABSENT_WORDS, f"{path} in {decode(place)}")


def _has_folder(path: str, database: sqlite3.Connection) -> bool:
    """Whether any file lies in the folder of a path."""
    folder = encode(folder_of(path) or "")
    query = "SELECT EXISTS (SELECT 1 FROM files WHERE path > ? AND path < ?)"
    return bool(database.execute(query, (folder + b"/", folder + b"0")).fetchone()[0])
