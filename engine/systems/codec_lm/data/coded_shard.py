"""The codes of a few clips in one file."""

from pathlib import Path

import numpy as np
from attrs import frozen

from engine.analysis.codec.audio_codec import AudioCodec
from engine.corpus.audio.pcm import FULL_SCALE
from engine.system_support.clip_shards import Shard

CODE_TYPE = np.dtype("<i2")
"""400 bytes for a second of 8 codebooks at 25 frames per second."""


@frozen(eq=False)
class CodeShard:
    """Writes the codes of a group of clips into one array [frames, K]. It pickles."""

    shard: Shard
    codec: AudioCodec

    def __call__(self, path: Path) -> None:
        """Write the file; each clip is coded alone, so that no other clip affects its codes."""
        assert self.codec.codebook_size <= np.iinfo(CODE_TYPE).max, self.codec.codebook_size
        codes = [self._codes(row) for row in self.shard.rows]
        with path.open("wb") as file:
            np.save(file, np.concatenate(codes))

    def _codes(self, row: int) -> np.ndarray:
        samples = self.shard.packed.read(row)
        codes = self.codec.encode(samples.astype(np.float32) / FULL_SCALE)
        return codes.numpy().astype(CODE_TYPE)
