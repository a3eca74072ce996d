"""Gathers measured shards into a corpus: clips here, quarantine there, nothing in between."""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TextIO

from attrs import evolve

from engine.corpus.account.statistics import Tally
from engine.corpus.audio.pcm import RESAMPLER
from engine.corpus.layouts.database import decode, encode
from engine.corpus.measure.clip_writer import Measured, channel_words
from engine.corpus.store.landmark_file import LANDMARKS_FILE, LandmarkFile
from engine.corpus.store.pack import PackWriter
from engine.corpus.store.shard_cache import CachedShard, FileState
from engine.corpus.table.manifest import (
    CLIPS_FILE,
    QUARANTINE_FILE,
    TABLES_FILE,
    Clip,
    ClipsDigest,
    Quarantined,
)
from engine.corpus.table.rows import ODD_NAMES, json_line, to_line
from engine.files.checksum import sha256_of

AUDIO_FOLDER = "audio"
FACTS_FILE = "corpus.json"


class Gatherer:
    """Takes shards in order and writes a corpus's folder, in memory that does not grow with it.

    The first of several identical clips is the one that stays. `seen` is the file that the states
    and digests of the clips' files are written to, in manifest order.
    """

    def __init__(self, folder: Path, rates: Iterable[int], scratch: Path, seen: Path) -> None:
        self.tally = Tally()
        self.digest = ClipsDigest()
        self.num_clips = 0
        self._folder = folder
        self._packs = {rate: PackWriter(folder / AUDIO_FOLDER / str(rate), rate) for rate in rates}
        self._landmarks = LandmarkFile(folder / LANDMARKS_FILE)
        self._manifest = _text_file(folder / CLIPS_FILE)
        self._seen = _text_file(seen)
        self._database = _database(scratch / "gathered.sqlite")

    def take(self, shard: CachedShard) -> None:
        """Keep a shard's clips that are no duplicates."""
        states = {state[0]: state for state in shard.files}
        placed = False
        for result in shard.results():
            if not isinstance(result, Measured):
                self.quarantine(result)
            elif self._is_new(result.clip):
                if not placed:
                    self._place(shard)
                    placed = True
                self._keep(result, states)

    def quarantine(self, one: Quarantined) -> None:
        """Take in a file that is not used."""
        row = (encode(one.path), to_line(one).encode("utf-8", ODD_NAMES))
        self._database.execute("INSERT INTO quarantined VALUES (?, ?)", row)
        self.tally.add_quarantined(one)

    def finish(self, settings: Mapping[str, Any], tables: Iterable[tuple[str, str]]) -> None:
        """Write the quarantine, sorted by path, the indices, and the corpus's facts.

        `settings` are what params.toml says of the corpus, as plain values; `tables` are the files
        of its folder that say what the others are, with their SHA-256.
        """
        self._manifest.close()
        self._seen.close()
        with (self._folder / QUARANTINE_FILE).open("wb") as file:
            rows = self._database.execute("SELECT line FROM quarantined ORDER BY path, rowid")
            file.writelines(line for (line,) in rows)
        self._database.close()
        for pack in self._packs.values():
            pack.finish()
        self._landmarks.finish()
        with _text_file(self._folder / TABLES_FILE) as file:
            file.writelines(json_line([*table]) for table in tables)
        names = (CLIPS_FILE, QUARANTINE_FILE, TABLES_FILE)
        facts = {
            "clips": self.num_clips,
            "digest": self.digest.hexdigest(),
            "landmarks": sha256_of(self._folder / LANDMARKS_FILE),
            "settings": settings,
            "resampler": RESAMPLER,
            "sha256": {name: sha256_of(self._folder / name) for name in names},
        }
        text = json.dumps(facts, indent=1, sort_keys=True) + "\n"
        (self._folder / FACTS_FILE).write_text(text, encoding="ascii")

    def _is_new(self, clip: Clip) -> bool:
        """Whether no clip before has the same audio; otherwise it is quarantined."""
        content, path = bytes.fromhex(clip.sha256), encode(clip.path)
        insert = "INSERT OR IGNORE INTO clips VALUES (?, ?)"
        if self._database.execute(insert, (content, path)).rowcount:
            return True
        select = "SELECT path FROM clips WHERE content = ?"
        (first,) = self._database.execute(select, (content,)).fetchone()
        detail = f"{channel_words(clip.channel)}{decode(first)}"
        twin = Quarantined(path=clip.path, reason="duplicate of", detail=detail)
        self.quarantine(twin)
        return False

    def _own_id(self, wished: str) -> str:
        """The id, or a longer one where another clip has it: a segment is named when it is cut."""
        insert, name, number = "INSERT OR IGNORE INTO ids VALUES (?)", wished, 1
        while not self._database.execute(insert, (encode(name),)).rowcount:
            number += 1
            name = f"{wished}_{number}"
        return name

    def _place(self, shard: CachedShard) -> None:
        for rate, pack in self._packs.items():
            pack.add_shard(shard.samples(rate), *shard.pcm[rate])

    def _keep(self, result: Measured, states: dict[str, FileState]) -> None:
        clip = evolve(result.clip, id=self._own_id(result.clip.id))
        self._manifest.write(to_line(clip))
        self.digest.add(clip)
        self.tally.add_clip(clip)
        self._landmarks.add(self.num_clips, result.landmarks)
        self.num_clips += 1
        for rate, pack in self._packs.items():
            pack.add_clip(*result.samples[rate])
        if state := states.pop(clip.path, None):
            self._seen.write(json_line([*state, clip.file_sha256]))


def _text_file(path: Path) -> TextIO:
    return path.open("w", encoding="utf-8", errors=ODD_NAMES, newline="\n")


def _database(path: Path) -> sqlite3.Connection:
    """What must be looked up among all clips, on the disk."""
    database = sqlite3.connect(path, isolation_level=None)
    database.executescript(
        """
        PRAGMA journal_mode = OFF;
        PRAGMA synchronous = OFF;
        CREATE TABLE clips (content BLOB PRIMARY KEY, path BLOB) WITHOUT ROWID;
        CREATE TABLE ids (id BLOB PRIMARY KEY) WITHOUT ROWID;
        CREATE TABLE quarantined (path BLOB, line BLOB);
        BEGIN;
        """
    )
    return database
