"""What every content encoder takes and gives."""

from typing import Final, Protocol

import numpy as np

SAMPLE_RATE_HZ: Final = 16_000
"""Sample rate of the audio from which content features are computed."""
HOP_LENGTH: Final = 320
"""Samples from frame to frame: 20 ms."""


class ContentEncoder(Protocol):
    """Encodes the content of speech as features. Pickles as its settings, for workers."""

    @property
    def dim(self) -> int:
        """Number of dimensions of a feature."""

    @property
    def digest(self) -> str:
        """Digest of the encoder, its settings and its weights."""

    def num_frames(self, num_samples: int) -> int:
        """Frames of so many samples, at least 1."""

    def __call__(self, samples: np.ndarray) -> np.ndarray:
        """Features float32 [frames, dim], 50 frames a second, of audio float32 [samples] in -1..1.

        The audio has 16,000 samples a second.
        """
