"""Sorts what was measured: clips and their samples here, quarantine there, nothing in between."""

import os
from collections.abc import Mapping
from typing import BinaryIO

from engine.corpus.manifest import Clip, Quarantined
from engine.corpus.measure import Measured, Part
from engine.corpus.pack import ShardWriter
from engine.corpus.pcm import SAMPLE_TYPE


class Keeper:
    """Takes parts in order; the first of several identical clips is the one that stays."""

    def __init__(self, writers: Mapping[int, ShardWriter]) -> None:
        self.clips: list[Clip] = []
        self.quarantined: list[Quarantined] = []
        self._writers = writers
        self._first_path: dict[str, str] = {}

    @property
    def num_done(self) -> int:
        """Files taken so far."""
        return len(self.clips) + len(self.quarantined)

    def take(self, part: Part) -> None:
        """Keep a part's clips that are no duplicates, and delete its files."""
        kept = [self._keeps(result) for result in part.results]
        for rate, path in part.pcm.items():
            with path.open("rb") as samples:
                for result, keep in zip(part.results, kept, strict=True):
                    if isinstance(result, Measured):
                        self._hand_on(result, rate, samples, keep=keep)
            path.unlink()

    def _hand_on(self, result: Measured, rate: int, samples: BinaryIO, *, keep: bool) -> None:
        num_samples = result.num_samples[rate]
        if keep:
            self._writers[rate].append(result.clip.id, samples, num_samples)
        else:
            samples.seek(num_samples * SAMPLE_TYPE.itemsize, os.SEEK_CUR)

    def _keeps(self, result: Measured | Quarantined) -> bool:
        if isinstance(result, Quarantined):
            self.quarantined.append(result)
            return False
        clip = result.clip
        first = self._first_path.setdefault(clip.sha256, clip.path)
        if first != clip.path:
            twin = Quarantined(path=clip.path, reason="duplicate of", detail=first)
            self.quarantined.append(twin)
            return False
        self.clips.append(clip)
        return True
