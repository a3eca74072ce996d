"""How loud the network hears a clip or a crop: gains, never with a peak beyond full scale."""

import math
from collections.abc import Iterable
from typing import TypeAlias

import numpy as np

from engine.metrics.loudness import LoudnessMeter, loudness_of
from engine.systems.codec.recipe import Loudness, Rms

Samples: TypeAlias = np.ndarray
"""float32 [T], full scale 1.0."""

_QUIETEST_LUFS = -70.0
"""What is quieter has no loudness, and is gained as if it had this one, as by upstream."""


def crop_gains(crops: np.ndarray, level: Loudness, sample_rate_hz: int) -> np.ndarray:
    """The gain of each of some crops [B, T], each by its own loudness, float32 [B]."""
    lufs = np.maximum(loudness_of(crops, sample_rate_hz), _QUIETEST_LUFS)
    peaks = np.abs(crops).max(axis=1)
    with np.errstate(divide="ignore"):
        gains: np.ndarray = np.minimum(10 ** ((level.lufs - lufs) / 20), 1 / peaks)
    return gains.astype(np.float32)


def whole_gain(blocks: Iterable[Samples], level: Loudness | Rms, sample_rate_hz: int) -> float:
    """The gain of a clip that comes block by block; 1 where it is digital silence."""
    meter = LoudnessMeter(sample_rate_hz)
    peak, energy, num_samples = 0.0, 0.0, 0
    for block in blocks:
        peak = max(peak, float(np.abs(block).max(initial=0.0)))
        num_samples += len(block)
        if isinstance(level, Loudness):
            meter.add(block)
        else:
            energy += float(np.square(block, dtype=np.float64).sum())
    if peak == 0.0:
        return 1.0
    if isinstance(level, Loudness):
        gain_db = level.lufs - max(meter.lufs, _QUIETEST_LUFS)
    else:
        gain_db = level.dbfs - 10 * math.log10(energy / num_samples)
    return float(min(10 ** (gain_db / 20), 1 / peak))
