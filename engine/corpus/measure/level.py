"""How loud a clip is, measured block by block."""

import hashlib
import math

import numpy as np

FULL_SCALE_LEVEL = 32767 / 32768
"""Samples at or beyond this are clipped: the loudest that 16 bits hold."""
SILENT_FRAME_DBFS = -50.0
"""A frame whose root mean square lies below this is silent."""

_FRAMES_PER_SECOND = 50
_SILENT_POWER = 10 ** (SILENT_FRAME_DBFS / 10)


class Level:
    """Running peak, mean square, clipped and silent shares, and checksum of a clip."""

    def __init__(self, sample_rate_hz: int) -> None:
        self.num_samples = 0
        self.peak = 0.0
        self._sum_of_squares = 0.0
        self._num_clipped = 0
        self._num_frames = 0
        self._num_silent = 0
        self._frame_length = max(1, sample_rate_hz // _FRAMES_PER_SECOND)
        self._begun = np.zeros(0, np.float32)
        self._checksum = hashlib.sha256(f"{sample_rate_hz} Hz\n".encode())

    def add(self, block: np.ndarray) -> None:
        """Take in mono float32 samples."""
        magnitude = np.abs(block)
        loudest = float(magnitude.max(initial=0.0))
        self.num_samples += len(block)
        self.peak = max(self.peak, loudest)
        if loudest >= FULL_SCALE_LEVEL:
            self._num_clipped += int((magnitude >= FULL_SCALE_LEVEL).sum())
        self._sum_of_squares += float(np.square(block, dtype=np.float64).sum())
        self._checksum.update(np.ascontiguousarray(block, "<f4").data)
        self._count_frames(block)

    def _count_frames(self, block: np.ndarray) -> None:
        samples = np.concatenate([self._begun, block]) if len(self._begun) else block
        whole = len(samples) // self._frame_length * self._frame_length
        frames = samples[:whole].reshape(-1, self._frame_length)
        power = np.einsum("ij,ij->i", frames, frames) / self._frame_length
        self._num_frames += len(frames)
        self._num_silent += int((power < _SILENT_POWER).sum())
        self._begun = samples[whole:].copy()

    @property
    def rms_dbfs(self) -> float:
        """Root mean square in dB relative to full scale; two digits."""
        return round(decibels(math.sqrt(self._sum_of_squares / self.num_samples)), 2)

    @property
    def clipped_share(self) -> float:
        """Share of the samples at or beyond full scale; six digits."""
        return round(self._num_clipped / self.num_samples, 6)

    @property
    def silent_share(self) -> float:
        """Share of its whole 20 ms frames that are silent; four digits."""
        return round(self._num_silent / max(1, self._num_frames), 4)

    @property
    def sha256(self) -> str:
        """SHA-256 of the sample rate and the samples."""
        return self._checksum.hexdigest()


def decibels(amplitude: float) -> float:
    """An amplitude in dB relative to full scale (1.0); minus infinity for 0."""
    return 20 * math.log10(amplitude) if amplitude > 0 else -math.inf
