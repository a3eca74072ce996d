"""What the decoders have in common."""

from typing import Protocol

import numpy as np

BLOCK_FRAMES = 1 << 16
"""Frames decoded at a time, whatever the header promises."""


class DecoderError(Exception):
    """A decoder's own words about a file that it cannot open, or cannot read any further."""


class Decoder(Protocol):
    """An open file that is decoded from its start to its end."""

    sample_rate_hz: int
    num_channels: int

    def read(self) -> np.ndarray:
        """The next frames, at most BLOCK_FRAMES, as float32 (frames, channels); none at the end.

        Raises DecoderError.
        """

    def close(self) -> None:
        """Let go of the file."""
