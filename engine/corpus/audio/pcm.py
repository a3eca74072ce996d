"""From float samples to packed ones: resampled, rounded to 16 bits, little-endian."""

from typing import BinaryIO

import numpy as np
import soxr

SAMPLE_TYPE = np.dtype("<i2")
RESAMPLER = f"soxr {soxr.__version__} HQ"
"""What brings audio to the rates that it is packed at."""
FULL_SCALE = 32768
"""float sample = packed sample / FULL_SCALE."""


def to_int16(samples: np.ndarray) -> np.ndarray:
    """Float samples (full scale 1.0) rounded to int16; what is louder is clipped to full scale."""
    scaled = np.rint(samples * np.float32(FULL_SCALE))
    return scaled.clip(-FULL_SCALE, FULL_SCALE - 1).astype(SAMPLE_TYPE)


class PcmWriter:
    """Writes one clip's blocks to an open file at another sample rate (soxr, quality HQ)."""

    def __init__(self, file: BinaryIO, from_hz: int, to_hz: int) -> None:
        self._file = file
        self._resampler = None
        if from_hz != to_hz:
            self._resampler = soxr.ResampleStream(from_hz, to_hz, 1, dtype="float32", quality="HQ")
        self.num_samples = 0

    def write(self, block: np.ndarray) -> None:
        """Append a mono float32 block. What is beyond full scale is clipped before it can ring."""
        if self._resampler is not None:
            block = self._resampler.resample_chunk(block.clip(-1.0, 1.0))
        self._append(block)

    def finish(self) -> None:
        """Append what the resampler still holds."""
        if self._resampler is not None:
            self._append(self._resampler.resample_chunk(np.zeros(0, np.float32), last=True))

    def _append(self, block: np.ndarray) -> None:
        self.num_samples += len(block)
        self._file.write(to_int16(block).tobytes())
