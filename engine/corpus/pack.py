"""Packed audio on its way to the disk: shards of 16-bit samples and their index."""

import hashlib
import json
from pathlib import Path
from typing import BinaryIO

import numpy as np

from engine.corpus.pcm import SAMPLE_TYPE

INDEX_TABLE = "index.npy"
INDEX_FACTS = "index.json"
SHARD_BYTES = 512 * 2**20
"""A shard is closed before the clip that would carry it past this; a longer clip has its own."""

_COPY_BYTES = 1 << 20


class ShardWriter:
    """Writes one rate's shards, clip after clip, then the index.

    `index.npy` is int64 (clips, 3): shard, offset and length in samples. `index.json` says the
    rate, the clips' ids in the same order, and each shard's name, bytes and SHA-256.
    """

    def __init__(self, folder: Path, sample_rate_hz: int, shard_bytes: int = SHARD_BYTES) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self._sample_rate_hz = sample_rate_hz
        self._shard_bytes = shard_bytes
        self._ids: list[str] = []
        self._rows: list[tuple[int, int, int]] = []
        self._shards: list[dict[str, object]] = []
        self._file: BinaryIO | None = None

    def append(self, clip_id: str, source: BinaryIO, num_samples: int) -> None:
        """Take the next `num_samples` samples of `source` as the next clip."""
        num_bytes = num_samples * SAMPLE_TYPE.itemsize
        file = self._shard_with_room(num_bytes)
        shard, offset = len(self._shards), file.tell() // SAMPLE_TYPE.itemsize
        self._ids.append(clip_id)
        self._rows.append((shard, offset, num_samples))
        while num_bytes:
            piece = source.read(min(num_bytes, _COPY_BYTES))
            assert piece, "a part file is shorter than its clips"
            file.write(piece)
            self._checksum.update(piece)
            num_bytes -= len(piece)

    def finish(self) -> None:
        """Close the last shard and write the index."""
        self._close_shard()
        np.save(self._folder / INDEX_TABLE, np.array(self._rows, dtype="<i8").reshape(-1, 3))
        facts = {"sample_rate_hz": self._sample_rate_hz, "shards": self._shards, "ids": self._ids}
        text = json.dumps(facts, ensure_ascii=True, indent=0)
        (self._folder / INDEX_FACTS).write_text(text + "\n", encoding="ascii")

    def _shard_with_room(self, num_bytes: int) -> BinaryIO:
        if self._file is not None and self._file.tell() + num_bytes > self._shard_bytes:
            self._close_shard()
        if self._file is None:
            self._file = (self._folder / self._name).open("wb")
            self._checksum = hashlib.sha256()
        return self._file

    @property
    def _name(self) -> str:
        return f"{len(self._shards):05d}.pcm"

    def _close_shard(self) -> None:
        if self._file is None:
            return
        num_bytes = self._file.tell()
        self._file.close()
        self._file = None
        facts = {"name": self._name, "bytes": num_bytes, "sha256": self._checksum.hexdigest()}
        self._shards.append(facts)
