"""One text a clip: a file of the clip's name with its words, beside it or in a folder of texts.

`a/1.wav` has its text in `a/1.txt`, or in `txt/1.txt` where one folder of the way is another one
(VCTK's `wav48/p225` and `txt/p225`), is left out or comes in. A folder of texts holds no audio.
"""

import sqlite3
from collections.abc import Iterator
from functools import lru_cache

from engine.corpus.layouts.claims import is_hidden
from engine.corpus.layouts.collector import Collector
from engine.corpus.layouts.database import decode, encode
from engine.corpus.layouts.files import Files
from engine.corpus.layouts.speakers import name_speakers, speaker_by_folder
from engine.corpus.layouts.text_file import SUFFIXES, NoTextError, read_text

_MICROPHONES = ("_mic1", "_mic2")
"""What VCTK 0.92 adds to the names of clips, and not to those of texts."""

_TABLES_BESIDE_TEXTS = ("*.trans.tsv", "*.book.tsv")
"""LibriTTS's: what they say stands in the texts of the clips as well."""

_SEVERAL = "clips that several texts fit, of which none is used"


def pair_texts(files: Files, database: sqlite3.Connection) -> None:
    """Enter which texts belong to which audio, by their names alone; such texts are no tables."""
    partners = _Partners(database)
    for path in files.of_kind("other"):
        suffix = next((one for one in SUFFIXES if path.lower().endswith(one)), None)
        if suffix is None or is_hidden(path):
            continue
        for audio in partners.of(path[: -len(suffix)]):
            row = (encode(audio), SUFFIXES.index(suffix), encode(path))
            database.execute("INSERT INTO texts (audio, rank, path) VALUES (?, ?, ?)", row)
    database.execute("DELETE FROM tables WHERE path IN (SELECT path FROM texts)")
    if database.execute("SELECT EXISTS (SELECT 1 FROM texts)").fetchone()[0]:
        for pattern in _TABLES_BESIDE_TEXTS:
            database.execute("DELETE FROM tables WHERE path GLOB ?", (pattern,))


def add_texts(files: Files, collector: Collector, database: sqlite3.Connection) -> bool:
    """Give candidates without a text the one of their name; whether there was any.

    Texts that cannot be read as words are counted.
    """
    found = False
    for audio, paths in _waiting(database):
        if len(paths) > 1:
            collector.passed_over.add(_SEVERAL, f"{audio}: {paths[0]}, {paths[1]}")
            continue
        collector.mark_read(paths[0])
        try:
            clip = read_text(files.folder / paths[0])
        except NoTextError as error:
            collector.passed_over.add(error.what, paths[0], to_do=error.to_do)
            continue
        found = True
        database.execute(
            "UPDATE candidates SET text = ?, speaker = ifnull(speaker, ?), "
            "language = ifnull(language, ?) WHERE path = ? AND text IS NULL",
            (encode(clip.text), encode(clip.speaker), encode(clip.language), encode(audio)),
        )
    if found:
        name_speakers(database, speaker_by_folder)
    return found


def _waiting(database: sqlite3.Connection) -> Iterator[tuple[str, list[str]]]:
    """Audio without a text, with the texts of the preferred suffix that fit it."""
    last = b""
    while True:  # one at a time, for the candidates change on the way
        query = (
            "SELECT audio, rank FROM texts WHERE audio > ? AND EXISTS (SELECT 1 FROM candidates "
            "WHERE path = audio AND text IS NULL) ORDER BY audio, rank LIMIT 1"
        )
        row = database.execute(query, (last,)).fetchone()
        if row is None:
            return
        last = row[0]
        paths = "SELECT path FROM texts WHERE audio = ? AND rank = ? ORDER BY path"
        yield decode(last), [decode(path) for (path,) in database.execute(paths, row)]


class _Partners:
    """Finds the audio of a text by the paths of both."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._folders_of_audio = lru_cache(self._find_folders)
        self._has_folders = False

    def of(self, stem: str) -> list[str]:
        """The audio files whose text lies at `stem`, a path without its suffix."""
        found = self._named(stem)
        if found:
            return found
        folder, _, name = stem.rpartition("/")
        others = self._folders_of_audio(folder)
        return [path for other in others for path in self._named(f"{other}/{name}".lstrip("/"))]

    def _named(self, stem: str) -> list[str]:
        query = "SELECT path FROM files WHERE stem = ? AND kind = 'audio' ORDER BY path"
        for endings in ("",), _MICROPHONES:
            stems = [(encode(stem + ending),) for ending in endings]
            found = [decode(row[0]) for one in stems for row in self._database.execute(query, one)]
            if found:
                return found
        return []

    def _find_folders(self, folder: str) -> list[str]:
        """Folders of audio beside a folder of texts: one, or several that end alike."""
        if not self._has_folders:
            _enter_folders_of_audio(self._database)
            self._has_folders = True
        query = "SELECT path FROM folders WHERE pattern = ?"
        if self._database.execute(query, (_EXACT + encode(folder),)).fetchone():
            return []
        rows = (row for one in _sought(folder) for row in self._database.execute(query, (one,)))
        found = sorted({decode(path) for (path,) in rows})
        alike = all(one.rpartition("/")[2] == folder.rpartition("/")[2] for one in found)
        return found if len(found) == 1 or (folder and alike) else []


_EXACT, _SHORTER = b"=", b"-"
"""Begin the patterns of a folder's own path, and of it without one of its folders."""


def _enter_folders_of_audio(database: sqlite3.Connection) -> None:
    rows = database.execute("SELECT path FROM files WHERE kind = 'audio' ORDER BY path")
    last = None
    for (path,) in rows:
        folder = path.rpartition(b"/")[0]
        if folder != last:
            patterns = (_EXACT + folder, *_with_one_other(folder), *_without_one(folder, _SHORTER))
            named = ((pattern, folder) for pattern in patterns)
            database.executemany("INSERT OR IGNORE INTO folders VALUES (?, ?)", named)
            last = folder


def _sought(folder: str) -> Iterator[bytes]:
    """The patterns of folders that differ from a folder in one part of the way."""
    stored = encode(folder)
    yield from _with_one_other(stored)
    yield _SHORTER + stored
    yield from _without_one(stored, _EXACT)


def _with_one_other(folder: bytes) -> Iterator[bytes]:
    parts = folder.split(b"/") if folder else []
    for place in range(len(parts)):
        yield b"/".join((*parts[:place], b"*", *parts[place + 1 :]))


def _without_one(folder: bytes, mark: bytes) -> Iterator[bytes]:
    parts = folder.split(b"/") if folder else []
    for place in range(len(parts)):
        yield mark + b"/".join((*parts[:place], *parts[place + 1 :]))
