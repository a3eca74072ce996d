"""RVC's high-pass: a causal filter that removes frequencies below 48 Hz from any part of a clip."""

from collections.abc import Iterator
from functools import cache

import numpy as np
from attrs import frozen

from engine.corpus import PackedAudio

ORDER = 5
_CUTOFF_HZ = 48.0
_FULL_SCALE = 32768.0


@cache
def coefficients(sample_rate_hz: int) -> tuple[np.ndarray, np.ndarray]:
    """Numerator and denominator of a Butterworth filter of order 5, as upstream applies it."""
    from scipy.signal import butter

    numerator, denominator = butter(ORDER, _CUTOFF_HZ, "highpass", fs=sample_rate_hz)
    return numerator, denominator


@frozen(eq=False)
class HighPassed:
    """One clip of packed audio, filtered.

    The filter's state says all that it needs of the samples before, so that any part of a clip is
    the same, bit for bit, as when the clip is filtered whole.
    """

    packed: PackedAudio
    row: int
    """Row of the clip in the manifest."""

    @property
    def num_samples(self) -> int:
        """Length of the clip in samples."""
        return int(self.packed.lengths[self.row])

    def blocks(self, length: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Blocks of so many samples, float64, each with the filter's state before it."""
        state = np.zeros(ORDER)
        for start in range(0, self.num_samples, length):
            samples, after = self.read(start, start + length, state)
            yield samples, state
            state = after

    def read(self, start: int, stop: int, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Samples [start, stop) as far as the clip goes, float64, and the state after them."""
        from scipy.signal import lfilter

        samples = self.packed.read(self.row, min(start, self.num_samples), stop) / _FULL_SCALE
        if not len(samples):
            return samples, state
        numerator, denominator = coefficients(self.packed.sample_rate_hz)
        filtered, after = lfilter(numerator, denominator, samples, zi=state)
        return filtered, after
