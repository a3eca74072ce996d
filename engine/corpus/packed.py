"""Packed audio, read: any part of any clip, without decoding."""

import hashlib
import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from attrs import define, field

from engine.corpus.pack import INDEX_FACTS, INDEX_TABLE
from engine.corpus.pcm import SAMPLE_TYPE
from engine.errors import UserError


@define(slots=False)
class PackedAudio:
    """One corpus at one rate, memory-mapped. Pickles as its folder, so that processes can share it.

    float sample = int16 sample / 32768.
    """

    folder: Path
    sample_rate_hz: int
    ids: tuple[str, ...] = field(repr=False)
    """The clips' ids, in manifest order."""
    shards: Sequence[dict[str, Any]] = field(repr=False)
    _table: np.ndarray = field(repr=False, eq=False)

    @classmethod
    def open(cls, folder: Path) -> "PackedAudio":
        """Open packed audio, check the shards' sizes. Raises UserError naming what is damaged."""
        try:
            facts = json.loads((folder / INDEX_FACTS).read_text(encoding="ascii"))
            table = np.load(folder / INDEX_TABLE, allow_pickle=False)
            ids, shards, rate = tuple(facts["ids"]), facts["shards"], facts["sample_rate_hz"]
        except (OSError, ValueError, KeyError) as error:
            raise _damaged(folder, "its index cannot be read") from error
        if table.shape != (len(ids), 3):
            raise _damaged(folder, "its index disagrees with its list of clips")
        packed = cls(folder, rate, ids, shards, table)
        packed._check_sizes()
        return packed

    @property
    def lengths(self) -> np.ndarray:
        """Each clip's length in samples, int64."""
        lengths: np.ndarray = self._table[:, 2]
        return lengths

    def read(self, index: int, start: int = 0, stop: int | None = None) -> np.ndarray:
        """Samples [start, stop) of a clip as a read-only int16 view; nothing is decoded or copied.

        As in a slice, `stop` beyond the clip's end gives what there is.
        """
        shard, offset, length = self._table[index]
        stop = int(length) if stop is None else min(stop, int(length))
        assert 0 <= start <= stop, f"samples {start} to {stop} of clip {self.ids[index]}"
        samples: np.ndarray = self._maps[shard][offset + start : offset + stop]
        return samples

    def verify(self) -> None:
        """Read everything and compare checksums. Raises UserError naming a shard that changed."""
        for shard in self.shards:
            with (self.folder / shard["name"]).open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != shard["sha256"]:
                    raise _damaged(self.folder / shard["name"], "its checksum is not the index's")

    def _check_sizes(self) -> None:
        for shard in self.shards:
            path = self.folder / shard["name"]
            size = path.stat().st_size if path.is_file() else 0
            if size != shard["bytes"]:
                raise _damaged(path, f"{size:,} of {shard['bytes']:,} bytes are there")

    @cached_property
    def _maps(self) -> list[np.ndarray]:
        paths = [self.folder / shard["name"] for shard in self.shards]
        # A plain array over the map: slices of a memmap cost ten times as much.
        return [np.memmap(path, SAMPLE_TYPE, "r").view(np.ndarray) for path in paths]

    def __reduce__(self) -> tuple[Any, ...]:
        return (PackedAudio.open, (self.folder,))


def _damaged(path: Path, what: str) -> UserError:
    return UserError(f"Packed audio {path} is damaged: {what}. Run 'cantus ingest' again.")
