"""Packed audio, read: any part of any clip, without decoding."""

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from attrs import define, field

from engine.corpus.audio.pcm import SAMPLE_TYPE
from engine.corpus.store.pack import INDEX_FACTS, INDEX_TABLE
from engine.errors import UserError
from engine.files.checksum import sha256_of
from engine.files.untrusted import as_user_error, read_json_object


@define(slots=False)
class PackedAudio:
    """One corpus at one rate, memory-mapped. Pickles as its folder, so that processes can share it.

    Clips are numbered as in the manifest. float sample = int16 sample / 32768.
    """

    folder: Path
    sample_rate_hz: int
    shards: Sequence[dict[str, Any]] = field(repr=False)
    _table: np.ndarray = field(repr=False, eq=False)
    _checksum: str = field(repr=False)

    @classmethod
    def open(cls, folder: Path, expected: str | None = None) -> "PackedAudio":
        """Open packed audio, check the index and the shards' sizes.

        `expected` is the SHA-256 of the index, where another process has opened it before. Raises
        UserError naming what is missing, damaged or no longer the same.
        """
        with as_user_error(_damage(folder, "its index cannot be read"), OSError, UserError):
            facts = read_json_object(folder / INDEX_FACTS)
            opened = sha256_of(folder / INDEX_FACTS)
            rows = np.fromfile(folder / INDEX_TABLE, "<i8")
            shards, rate = [dict(shard) for shard in facts["shards"]], int(facts["sample_rate_hz"])
            num_clips, checksum = int(facts["clips"]), facts["table_sha256"]
        if len(rows) != 3 * num_clips or hashlib.sha256(rows.data).hexdigest() != checksum:
            raise _damaged(folder, "its table of clips is not the one that was written")
        if expected not in (None, opened):
            raise UserError(f"{folder} changed meanwhile: the corpus was ingested again.")
        packed = cls(folder, rate, shards, rows.reshape(-1, 3), opened)
        packed._check_shards()
        return packed

    def __len__(self) -> int:
        return len(self._table)

    @property
    def lengths(self) -> np.ndarray:
        """Each clip's length in samples, int64."""
        lengths: np.ndarray = self._table[:, 2]
        return lengths

    def read(self, index: int, start: int = 0, stop: int | None = None) -> np.ndarray:
        """Samples [start, stop) of a clip as a read-only int16 view; nothing is decoded or copied.

        As in a slice, `stop` beyond the clip's end gives what there is.
        """
        shard, offset, length = self._table[index].tolist()
        stop = length if stop is None else min(stop, length)
        assert 0 <= start <= stop, f"samples {start} to {stop} of clip {index}"
        return self._map(shard)[offset + start : offset + stop]

    def verify(self) -> None:
        """Read everything and compare checksums. Raises UserError naming a shard that changed."""
        for shard in self.shards:
            self.verify_shard(shard)

    def verify_shard(self, shard: dict[str, Any]) -> None:
        """Read one of `shards`. Raises UserError where it changed since it was written."""
        path = self.folder / shard["name"]
        if sha256_of(path) != shard["sha256"]:
            raise _damaged(path, "its checksum is not the index's")

    def _check_shards(self) -> None:
        """Every shard is as long as the index says, and every clip lies inside its shard."""
        lengths = np.array([_samples_in(self.folder, shard) for shard in self.shards], np.int64)
        shard, offset, length = self._table.T
        inside = (shard >= 0) & (shard < len(lengths)) & (offset >= 0) & (length >= 0)
        if not inside.all() or (length > lengths[shard] - offset).any():
            raise _damaged(self.folder, "its index names samples that no shard holds")

    def _map(self, shard: int) -> np.ndarray:
        samples = self._maps.get(shard)
        if samples is None:
            path = self.folder / self.shards[shard]["name"]
            with as_user_error(
                _damage(path, "it is gone, or was ingested again meanwhile"), OSError
            ):
                # A plain array over the map: slices of a memmap cost ten times as much.
                samples = self._maps[shard] = np.memmap(path, SAMPLE_TYPE, "r").view(np.ndarray)
        return samples

    @cached_property
    def _maps(self) -> dict[int, np.ndarray]:
        return {}

    def __reduce__(self) -> tuple[Any, ...]:
        return (PackedAudio.open, (self.folder, self._checksum))


def _samples_in(folder: Path, shard: dict[str, Any]) -> int:
    name, num_bytes = shard.get("name"), shard.get("bytes")
    if not isinstance(name, str) or PurePosixPath(name).name != name or "\0" in name:
        raise _damaged(folder, "its index names a shard outside")
    path = folder / name
    with as_user_error(_damage(folder, "its index names a shard outside"), OSError):
        size = path.stat().st_size if path.is_file() else 0
    if size != num_bytes:
        raise _damaged(path, f"{size} of {num_bytes} bytes are there")
    return size // SAMPLE_TYPE.itemsize


def _damaged(path: Path, what: str) -> UserError:
    return UserError(_damage(path, what))


def _damage(path: Path, what: str) -> str:
    return f"Packed audio {path} is damaged: {what}. Run 'cantus ingest' again."
