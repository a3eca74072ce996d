"""Audio that comes in blocks, at another sample rate."""

from collections.abc import Iterable, Iterator

import numpy as np
import soxr


def at_rate(
    blocks: Iterable[np.ndarray], from_hz: int, to_hz: int, num_channels: int = 1
) -> Iterator[np.ndarray]:
    """Blocks float32 [T] or [T, channels] at another rate (soxr, quality HQ); none is empty."""
    if from_hz == to_hz:
        yield from blocks
        return
    resampler = soxr.ResampleStream(from_hz, to_hz, num_channels, dtype="float32", quality="HQ")
    ending = np.zeros(0, np.float32)
    for block in blocks:
        if len(resampled := resampler.resample_chunk(np.ascontiguousarray(block))):
            yield resampled
        ending = block[:0]
    if len(resampled := resampler.resample_chunk(np.ascontiguousarray(ending), last=True)):
        yield resampled
