"""Packed audio on its way to the disk: shards of 16-bit samples put in place, and their index."""

import hashlib
import json
import os
import shutil
from pathlib import Path

INDEX_TABLE = "index.i64"
INDEX_FACTS = "index.json"


class PackWriter:
    """Puts one rate's shards in place and writes the index, clip after clip.

    `index.i64` holds three little-endian 64-bit integers for each clip, in manifest order: shard,
    offset and length in samples. `index.json` says the rate, how many clips there are, the table's
    SHA-256, and each shard's name, bytes and SHA-256. A shard is named by its content.
    """

    def __init__(self, folder: Path, sample_rate_hz: int) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self._sample_rate_hz = sample_rate_hz
        self._table = (folder / INDEX_TABLE).open("wb")
        self._checksum = hashlib.sha256()
        self._num_clips = 0
        self._shards: list[dict[str, object]] = []
        self._number: dict[str, int] = {}

    def add_shard(self, samples: Path, num_bytes: int, sha256: str) -> None:
        """Take a file of samples in by a hard link, or a copy; the clips that follow lie in it."""
        name = f"{sha256[:16]}.pcm"
        if name not in self._number:
            _link(samples, self._folder / name)
            self._number[name] = len(self._shards)
            self._shards.append({"name": name, "bytes": num_bytes, "sha256": sha256})
        self._current = self._number[name]

    def add_clip(self, offset: int, length: int) -> None:
        """The next clip, by its place in the shard that was added last."""
        row = b"".join(
            number.to_bytes(8, "little", signed=True) for number in (self._current, offset, length)
        )
        self._table.write(row)
        self._checksum.update(row)
        self._num_clips += 1

    def finish(self) -> None:
        """Close the table and write the facts."""
        self._table.close()
        facts = {
            "sample_rate_hz": self._sample_rate_hz,
            "clips": self._num_clips,
            "table_sha256": self._checksum.hexdigest(),
            "shards": self._shards,
        }
        text = json.dumps(facts, indent=0)
        (self._folder / INDEX_FACTS).write_text(text + "\n", encoding="ascii")


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another disk, or a file system without hard links
        shutil.copyfile(source, target)
