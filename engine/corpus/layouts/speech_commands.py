"""Speech Commands (Warden, 2018): a folder a word, speakers in the names, official lists."""

import hashlib
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from engine.corpus.layouts.candidate import Candidate
from engine.corpus.layouts.collector import Collector
from engine.corpus.layouts.database import decode, encode
from engine.corpus.layouts.files import Files
from engine.corpus.layouts.lines import read_lines
from engine.corpus.table.manifest import Listed

LISTS: Mapping[str, Listed] = {"validation_list.txt": "eval", "testing_list.txt": "test"}
NOISE = "_background_noise_"

_MARK = "_nohash_"
_MAX_CLIPS_PER_WORD = 2**27 - 1


def is_speech_commands(files: Files) -> bool:
    """Whether an official list or the way the files are named gives the layout away."""
    if any((files.folder / name).is_file() for name in LISTS):
        return True
    first = next(_words(files), None)
    return first is not None and all(_MARK in path for path in _words(files))


def list_speech_commands(files: Files, collector: Collector, database: sqlite3.Connection) -> None:
    """Label = folder, speaker = the name's part before `_nohash_`; background noise is no clip.

    Where the official lists are absent, the rule by which they were made takes their place.
    """
    _read_lists(files, database)
    by_rule = database.execute("SELECT NOT EXISTS (SELECT 1 FROM named)").fetchone()[0]
    for path in _words(files):
        query = "SELECT listed FROM named WHERE path = ?"
        row = database.execute(query, (encode(path),)).fetchone()
        collector.add(_candidate(path, row[0] if row else "train", by_rule=by_rule))
    absent = database.execute(
        "SELECT path, place FROM named "
        "WHERE NOT EXISTS (SELECT 1 FROM files WHERE files.path = named.path) ORDER BY path"
    )
    for path, place in absent:
        detail = f"named in {decode(place)}, but not there"
        collector.quarantine(decode(path), "unreadable", detail)


def list_by_rule(speaker: str) -> Listed:
    """Which list a speaker is on, by the rule `which_set` of the dataset's README.

    SHA-1 of the speaker, reduced to a percentage: below 10 validation, below 20 testing.
    """
    number = int(hashlib.sha1(speaker.encode("utf-8", "surrogateescape")).hexdigest(), 16)
    percentage = number % (_MAX_CLIPS_PER_WORD + 1) * (100.0 / _MAX_CLIPS_PER_WORD)
    return "eval" if percentage < 10 else "test" if percentage < 20 else "train"


def _words(files: Files) -> Iterator[str]:
    return (path for path in files.audio() if PurePosixPath(path).parts[0] != NOISE)


def _read_lists(files: Files, database: sqlite3.Connection) -> None:
    for name, listed in LISTS.items():
        if not (files.folder / name).is_file():
            continue
        for number, line in read_lines(files.folder / name):
            if line.strip():
                row = (line.strip(), listed, encode(f"{name} line {number}"))
                database.execute("INSERT OR REPLACE INTO named VALUES (?, ?, ?)", row)


def _candidate(path: str, official: Listed, *, by_rule: bool) -> Candidate:
    word, name = PurePosixPath(path).parent.name, PurePosixPath(path).name
    speaker = name.split(_MARK)[0] if _MARK in name else None
    return Candidate(
        path=path,
        speaker=speaker,
        label=word or None,
        text=word or None,
        listed=list_by_rule(speaker) if by_rule and speaker else official,
    )
