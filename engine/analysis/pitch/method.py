"""What every pitch method takes and gives."""

from typing import Final, Protocol

import numpy as np

SAMPLE_RATE_HZ: Final = 16_000
"""Sample rate of the audio in which pitch is measured."""
HOP_LENGTH: Final = 160
"""Samples from frame to frame: 10 ms."""
LOWEST_HZ: Final = 50.0
HIGHEST_HZ: Final = 1100.0

_FEWEST_SAMPLES = 1024
"""A window of the networks: what is shorter is followed by silence."""


class PitchMethod(Protocol):
    """Measures the fundamental frequency. Pickles as its settings, so that workers can share it."""

    @property
    def digest(self) -> str:
        """Digest of the method, its package's version and its weights."""

    def __call__(self, samples: np.ndarray) -> np.ndarray:
        """Hz of each frame, float32 [samples // 160 + 1], of audio float32 [samples] in -1..1.

        The audio has 16,000 samples a second; frame j is centred on sample 160 j. 0.0 where there
        is no voice, else 50 to 1100 Hz.
        """


def num_frames(num_samples: int) -> int:
    """Frames of so many samples."""
    return num_samples // HOP_LENGTH + 1


def a_window_at_least(samples: np.ndarray) -> np.ndarray:
    """The audio as a new float32 array that is long enough for every method."""
    missing = max(0, _FEWEST_SAMPLES - len(samples))
    padded: np.ndarray = np.pad(samples.astype(np.float32, copy=False), (0, missing))
    return padded


def limited(hertz: np.ndarray, num_samples: int) -> np.ndarray:
    """Frames of `num_samples` samples; values outside 50 to 1100 Hz and NaN become unvoiced."""
    frames = hertz[: num_frames(num_samples)]
    assert len(frames) == num_frames(num_samples), f"{len(frames)} frames of {num_samples} samples"
    voiced = (frames >= LOWEST_HZ) & (frames <= HIGHEST_HZ)  # not so of nan
    return np.where(voiced, frames, 0.0).astype(np.float32)
