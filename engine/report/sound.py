"""A sample's sound: its length and loudness, and the gains that make several equally loud."""

import math
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import soundfile
from attrs import frozen

from engine.metrics.loudness import loudness_of

USUAL_LUFS = -23.0
"""The level of broadcasts (EBU R 128)."""
_MOST_DB = 20.0
_SMALLEST = 1e-10


@frozen(eq=False, slots=False)
class Sound:
    """Mono audio."""

    samples: np.ndarray
    """Float32 [samples], full scale 1.0."""
    sample_rate_hz: int

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.sample_rate_hz

    @cached_property
    def lufs(self) -> float:
        """Loudness by ITU-R BS.1770-4; minus infinity of silence."""
        return float(loudness_of(self.samples[None], self.sample_rate_hz)[0])

    @cached_property
    def peak_db(self) -> float:
        """Peak level relative to full scale, in dB."""
        return 20 * math.log10(max(_SMALLEST, float(np.abs(self.samples).max(initial=0.0))))


def read_sound(path: Path) -> Sound | None:
    """A sample as mono; None where the file is missing or holds no audio."""
    try:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (OSError, soundfile.LibsndfileError):
        return None
    return Sound(np.nan_to_num(samples.mean(axis=1)), rate) if len(samples) else None


def gains_down_db(sounds: Sequence[Sound]) -> list[float]:
    """Gains in dB that turn each sound down to the quietest, by 20 dB at most; 0 for silence."""
    quietest = min((one.lufs for one in sounds if math.isfinite(one.lufs)), default=0.0)
    return [_gain_db(one, quietest, -_MOST_DB) for one in sounds]


def gains_to_level_db(sounds: Sequence[Sound]) -> list[float]:
    """Gains in dB that bring all sounds to -23 LUFS, or to the highest level without clipping.

    At most +20 dB, so that nearly silent sounds stay so. 0 for silence.
    """
    loud = [one for one in sounds if math.isfinite(one.lufs)]
    level = min((one.lufs - one.peak_db for one in loud), default=USUAL_LUFS)
    gains = [_gain_db(one, min(level, USUAL_LUFS), -math.inf) for one in sounds]
    return [min(gain, _MOST_DB) for gain in gains]


def _gain_db(sound: Sound, level: float, least: float) -> float:
    return max(least, level - sound.lufs) if math.isfinite(sound.lufs) else 0.0
