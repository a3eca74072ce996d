"""Pitch as RVC's networks take it: in coarse bins, and without gaps."""

import numpy as np

from engine.analysis.pitch.method import HIGHEST_HZ, LOWEST_HZ

NUM_BINS = 256
"""Rows of an embedding of coarse pitch: bin 0 is never used."""


def coarse_bins(f0: np.ndarray) -> np.ndarray:
    """Bins 1 to 255 of equal width in mels from 50 to 1100 Hz, int64; without voice 1.

    RVC WebUI's `coarse_f0`.
    """
    low, high = _mels(np.array([LOWEST_HZ, HIGHEST_HZ]))
    place = (_mels(f0.astype(np.float64)) - low) * (NUM_BINS - 2) / (high - low) + 1
    bins: np.ndarray = np.rint(np.clip(place, 1, NUM_BINS - 1)).astype(np.int64)
    return bins


def interpolate_unvoiced(f0: np.ndarray) -> np.ndarray:
    """Pitch where frames without voice (0.0) lie on a line between their voiced neighbours.

    Before the first and behind the last voiced frame its pitch is held. Where no frame is voiced,
    all stay 0.0.
    """
    voiced = f0 > 0
    if not voiced.any():
        return f0.copy()
    frames = np.arange(len(f0))
    filled: np.ndarray = np.interp(frames, frames[voiced], f0[voiced]).astype(f0.dtype)
    return filled


def _mels(hertz: np.ndarray) -> np.ndarray:
    mels: np.ndarray = 1127.0 * np.log1p(hertz / 700.0)
    return mels
