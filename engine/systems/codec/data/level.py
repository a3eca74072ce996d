"""Gains that bring clips and crops to the recipe's level, without a peak beyond full scale."""

import math
from collections.abc import Iterable
from typing import TypeAlias

import numpy as np

from engine.metrics.loudness import LoudnessMeter, loudness_of
from engine.systems.codec.recipe import AsRecorded, Level, Loudness

Samples: TypeAlias = np.ndarray
"""float32 [T], full scale 1.0."""

QUIETEST_DB = -70.0
"""In LUFS or dBFS. Quieter audio is scaled as if it had this level, as in DAC's trainer."""


def crop_gains(crops: np.ndarray, level: Loudness, sample_rate_hz: int) -> np.ndarray:
    """The gain of each of some crops [B, T], each by its own loudness, float32 [B]."""
    lufs = np.maximum(loudness_of(crops, sample_rate_hz), QUIETEST_DB)
    peaks = np.abs(crops).max(axis=1)
    with np.errstate(divide="ignore"):
        gains: np.ndarray = np.minimum(10 ** ((level.lufs - lufs) / 20), 1 / peaks)
    return gains.astype(np.float32)


def whole_gain(
    blocks: Iterable[Samples],
    level: Level,
    sample_rate_hz: int,
    meter: LoudnessMeter | None = None,
) -> float:
    """The gain of a clip that comes in blocks [samples]; 1 where the clip is digital silence.

    A `meter` of the caller measures every block too, whatever kind `level` is of.
    """
    if meter is None and isinstance(level, Loudness):
        meter = LoudnessMeter(sample_rate_hz)
    peak, energy, num_samples = 0.0, 0.0, 0
    for block in blocks:
        peak = max(peak, float(np.abs(block).max(initial=0.0)))
        energy += float(np.square(block, dtype=np.float64).sum())
        num_samples += len(block)
        if meter is not None:
            meter.add(block)
    if peak == 0.0 or isinstance(level, AsRecorded):
        return 1.0
    if isinstance(level, Loudness):
        assert meter is not None
        gain_db = level.lufs - max(meter.lufs, QUIETEST_DB)
    else:
        gain_db = level.dbfs - max(10 * math.log10(energy / num_samples), QUIETEST_DB)
    return float(min(10 ** (gain_db / 20), 1 / peak))
