"""An audio file as RVC's models take it: mono at 16 kHz, peak limited, nothing below 48 Hz.

The same as RVC's `load_audio` and `filtfilt` over the whole file, in memory that does not grow.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from math import inf, log10
from pathlib import Path

import numpy as np
from attrs import frozen
from scipy.signal import lfilter, lfilter_zi

from engine.analysis.pitch.method import HOP_LENGTH, SAMPLE_RATE_HZ
from engine.corpus.audio.decode import AudioFile
from engine.corpus.audio.resample import at_rate
from engine.errors import UserError
from engine.systems.rvc.conversion.disk_samples import BLOCK, DiskSamples
from engine.systems.rvc.data.high_pass import ORDER, coefficients

_HIGHEST_PEAK = 0.95
_SILENT_DB = -80.0
"""Peaks below are three steps of 16 bits: the file counts as silent."""
_EDGE = 3 * (ORDER + 1)
"""Samples by which scipy's `filtfilt` lengthens each end, turned over."""


@frozen(eq=False)
class Source:
    """Audio to convert."""

    samples: DiskSamples
    """At 16 kHz, filtered, float64."""
    sample_rate_hz: int
    num_samples: int
    num_channels: int
    """Properties of the file; samples are counted per channel."""

    @property
    def seconds(self) -> float:
        """Length of the source in seconds."""
        return self.num_samples / self.sample_rate_hz


@contextmanager
def open_source(path: Path, scratch: Path) -> Iterator[Source]:
    """Read a file; its samples lie in the folder `scratch` until the block ends.

    Raises UnusableError where it cannot be read, UserError where it is silent, or shorter than a
    frame of 10 ms.
    """
    with DiskSamples(scratch, "float64") as samples:
        with AudioFile(path) as file:
            rate, num_channels = file.sample_rate_hz, file.num_channels
            peak = 0.0
            for block in at_rate(file.blocks(), rate, SAMPLE_RATE_HZ):
                peak = max(peak, float(np.abs(block).max()))
                samples.append(block)
            num_samples = file.num_decoded
        _require_sound(path, len(samples), peak)
        high_pass(samples, max(1.0, peak / _HIGHEST_PEAK))
        yield Source(samples, rate, num_samples, num_channels)


def _require_sound(path: Path, length: int, peak: float) -> None:
    if length < HOP_LENGTH:
        raise UserError(
            f"{path} lasts {1000 * length / SAMPLE_RATE_HZ:.3g} ms, and a frame of pitch and "
            "content 10 ms: there is nothing to convert."
        )
    level = 20 * log10(peak) if peak else -inf
    if level < _SILENT_DB:
        raise UserError(
            f"{path} is silent (its peak lies at {level:.0f} dB, the limit is {_SILENT_DB:.0f}): "
            "there is nothing to convert."
        )


def high_pass(samples: DiskSamples, divisor: float) -> None:
    """Divide samples and filter them forwards and backwards, in place.

    What scipy's `filtfilt` makes of them, block by block.
    """
    state = lfilter_zi(*coefficients(SAMPLE_RATE_HZ))
    scale = np.float32(divisor)
    first = samples.read(0, _EDGE + 1).astype(np.float32) / scale
    last = samples.read(len(samples) - _EDGE - 1, len(samples)).astype(np.float32) / scale
    before = (2 * first[0] - first[:0:-1]).astype(np.float64)
    behind = (2 * last[-1] - last[-2::-1]).astype(np.float64)
    _, after = _filtered(before, state * before[0])
    for start in range(0, len(samples), BLOCK):
        block = samples.read(start, start + BLOCK).astype(np.float32) / scale
        done, after = _filtered(block.astype(np.float64), after)
        samples.write(start, done)
    behind, _ = _filtered(behind, after)
    _, after = _filtered(behind[::-1], state * behind[-1])
    for start in reversed(range(0, len(samples), BLOCK)):
        done, after = _filtered(samples.read(start, start + BLOCK)[::-1], after)
        samples.write(start, done[::-1])


def _filtered(samples: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    done, after = lfilter(*coefficients(SAMPLE_RATE_HZ), samples, zi=state)
    return done, after
