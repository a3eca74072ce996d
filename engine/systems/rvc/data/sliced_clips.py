"""Clips as slices with their pitch: measured for a few clips at once, written, and read again."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from attrs import asdict, frozen

from engine.analysis.pitch.method import PitchMethod, num_frames
from engine.system_support.clip_shards import Shard
from engine.systems.rvc.data.slices import SLICE, Dropped, Slicing, slice_clip


@frozen(eq=False)
class SlicedClips:
    """The slices of some clips, in their order."""

    slices: np.ndarray
    """SLICE [slices]."""
    pitch: tuple[np.ndarray, ...]
    """Hz of each slice's frames, float32 [at_16k // 160 + 1], 0.0 without voice; empty where pitch
    was not measured."""
    dropped: tuple[Dropped, ...]

    @classmethod
    def joined(cls, parts: Sequence["SlicedClips"], counts: Sequence[int]) -> "SlicedClips":
        """The slices of several groups of clips, `counts` clips each, as one group."""
        firsts = np.cumsum([0, *counts])[:-1].tolist()
        pairs = [*zip(parts, firsts, strict=True)]
        for part, first in pairs:
            part.slices["clip"] += first
        return cls(
            np.concatenate([np.zeros(0, SLICE), *(part.slices for part, _ in pairs)]),
            tuple(hertz for part, _ in pairs for hertz in part.pitch),
            tuple(
                Dropped(**(asdict(one) | {"clip": one.clip + first}))
                for part, first in pairs
                for one in part.dropped
            ),
        )


@frozen(eq=False)
class MeasureSlices:
    """Cuts a group of clips and measures the slices' pitch into a file. It pickles."""

    shard: Shard
    slicing: Slicing
    pitch: PitchMethod | None

    def __call__(self, path: Path) -> None:
        """Write the file."""
        write_sliced(self.measured(), path)

    def measured(self) -> SlicedClips:
        """Cut the clips, and measure the pitch of their slices."""
        slices, pitch, dropped = list[np.ndarray](), list[np.ndarray](), list[Dropped]()
        for clip, row in enumerate(self.shard.rows):
            for found in slice_clip(self.shard.packed, row, clip, self.slicing):
                if isinstance(found, Dropped):
                    dropped.append(found)
                    continue
                part, at_16k = found
                slices.append(part)
                pitch.append(self._hertz(at_16k))
        return SlicedClips(np.array(slices, SLICE), tuple(pitch), tuple(dropped))

    def _hertz(self, at_16k: np.ndarray) -> np.ndarray:
        return np.zeros(0, np.float32) if self.pitch is None else self.pitch(at_16k)


def write_sliced(sliced: SlicedClips, path: Path) -> None:
    """Write the slices of some clips."""
    dropped = json.dumps([asdict(one) for one in sliced.dropped]).encode()
    with path.open("wb") as file:
        np.savez(
            file,
            slices=sliced.slices,
            pitch=np.concatenate([np.zeros(0, np.float32), *sliced.pitch]),
            dropped=np.frombuffer(dropped, np.uint8),
        )


def read_sliced(path: Path) -> SlicedClips:
    """Read the slices of a file of `write_sliced`."""
    with np.load(path, allow_pickle=False) as file:
        slices, flat, dropped = (file[name] for name in ("slices", "pitch", "dropped"))
    counts = [num_frames(int(samples)) if len(flat) else 0 for samples in slices["samples_16k"]]
    pitch = np.split(flat, np.cumsum(counts)[:-1]) if counts else []
    found = json.loads(dropped.tobytes())
    return SlicedClips(slices, tuple(pitch), tuple(Dropped(**one) for one in found))
