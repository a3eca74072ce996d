"""Content features of slices: made for a group of clips at once, in half precision."""

from pathlib import Path

import numpy as np
from attrs import frozen

from engine.analysis.content.encoder import ContentEncoder
from engine.errors import UserError
from engine.files.atomic import reserve
from engine.files.text import visible
from engine.system_support.clip_shards import Shard
from engine.systems.rvc.data.slices import at_feature_rate, slice_audio

STORED = np.dtype("<f2")
"""Half the room of float32. The error is 2e-4 of what neighbouring frames differ by (HuBERT; log
mels: 5e-4)."""


@frozen(eq=False)
class MeasureContent:
    """Writes the content features of a group's slices into one array [frames, dim]. It pickles."""

    shard: Shard
    slices: np.ndarray
    """SLICE [slices] of the group's clips."""
    encoder: ContentEncoder

    def __call__(self, path: Path) -> None:
        """Write the file. Raises UserError naming a clip whose features are not finite."""
        counts = [self.encoder.num_frames(int(samples)) for samples in self.slices["samples_16k"]]
        shape = (sum(counts), self.encoder.dim)
        array = np.lib.format.open_memmap(path, mode="w+", dtype=STORED, shape=shape)
        reserve(path)
        start = 0
        for part, count in zip(self.slices, counts, strict=True):
            array[start : start + count] = self._features(part, count)
            start += count
        array.flush()

    def _features(self, part: np.ndarray, count: int) -> np.ndarray:
        packed, clip = self.shard.packed, int(part["clip"])
        samples = slice_audio(packed, self.shard.rows[clip], part)
        features = self.encoder(at_feature_rate(samples, packed.sample_rate_hz))
        assert len(features) == count, f"{len(features)} frames instead of {count}"
        if not np.isfinite(features).all():
            raise UserError(
                f"Content features of clip '{visible(self.shard.ids[clip])}' are not finite: the "
                "encoder's weights are damaged. Fetch them again, or name another folder in "
                "dataset.content.folder."
            )
        return features
