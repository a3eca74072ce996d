"""Loudness of converted audio: RVC's `change_rms`, and a peak below full scale."""

from collections.abc import Iterator

import numpy as np
from attrs import frozen

from engine.systems.rvc.conversion.disk_samples import DiskSamples

_HIGHEST_PEAK = 0.99
_QUIETEST = 1e-6


@frozen(eq=False)
class Envelope:
    """The gain of each sample, from root mean squares of a second every half second."""

    source: np.ndarray
    made: np.ndarray
    volume_mix: float
    num_samples: int

    def gains(self, start: int, stop: int) -> np.ndarray:
        """Gains [stop - start] of the samples from `start` to `stop`."""
        source = self._between(self.source, start, stop)
        made = np.maximum(self._between(self.made, start, stop), _QUIETEST)
        gains: np.ndarray = (source / made) ** (1 - self.volume_mix)
        return gains

    def _between(self, levels: np.ndarray, start: int, stop: int) -> np.ndarray:
        """Levels on lines from one to the next, spread over all samples (torch's "linear")."""
        places = (np.arange(start, stop) + 0.5) * len(levels) / self.num_samples - 0.5
        between: np.ndarray = np.interp(places, np.arange(len(levels)), levels)
        return between


def envelope_of(
    source: DiskSamples, source_hz: int, made: DiskSamples, made_hz: int, volume_mix: float
) -> Envelope:
    """The envelope that brings converted audio towards the loudness of its source."""
    return Envelope(_levels(source, source_hz), _levels(made, made_hz), volume_mix, len(made))


def levelled(made: DiskSamples, envelope: Envelope | None) -> Iterator[np.ndarray]:
    """Blocks float32 [samples] of converted audio at its final loudness, no peak above 0.99."""
    peak = max(float(np.abs(block).max()) for block in _with_gains(made, envelope))
    scale = np.float32(min(1.0, _HIGHEST_PEAK / peak) if peak else 1.0)
    return (block * scale for block in _with_gains(made, envelope))


def _with_gains(made: DiskSamples, envelope: Envelope | None) -> Iterator[np.ndarray]:
    start = 0
    for block in made.blocks():
        stop = start + len(block)
        yield (
            block if envelope is None else (block * envelope.gains(start, stop)).astype(np.float32)
        )
        start = stop


def _levels(samples: DiskSamples, sample_rate_hz: int) -> np.ndarray:
    """Root mean squares of a second around each half second, silence beyond the ends (librosa)."""
    half = sample_rate_hz // 2
    sums = [
        np.square(samples.read(start, start + half), dtype=np.float64).sum()
        for start in range(0, len(samples) + 1, half)
    ]
    both = np.convolve([0.0, *sums], [1.0, 1.0], "valid")
    levels: np.ndarray = np.sqrt(both / (2 * half))
    return levels
