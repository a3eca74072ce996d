"""From salience over pitch bins to hertz, as CREPE (Kim et al., 2018) and RMVPE decode it."""

import numpy as np

NUM_BINS = 360
"""20 cents apart, from 31.7 Hz on."""
_FIRST_CENTS = 1997.3794084376191
_CENTS_PER_BIN = 20.0
_REACH = 4
"""Bins on each side of the chosen one that are averaged."""


def hertz_around(salience: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Hz [frames] of the salience-weighted mean of the bins around each frame's centre.

    `salience` is [frames, 360], `centres` the chosen bin of each frame.
    """
    near = centres[:, None] + np.arange(-_REACH, _REACH + 1)
    inside = (near >= 0) & (near < NUM_BINS)
    near = near.clip(0, NUM_BINS - 1)
    weights = np.where(inside, np.take_along_axis(salience, near, axis=1), 0.0)
    cents = _FIRST_CENTS + _CENTS_PER_BIN * near
    with np.errstate(invalid="ignore"):
        mean = (weights * cents).sum(axis=1) / weights.sum(axis=1)
    hertz: np.ndarray = 10.0 * 2.0 ** (mean / 1200.0)
    return hertz


def bin_of(hertz: float) -> int:
    """The nearest bin of a frequency."""
    return round((1200.0 * float(np.log2(hertz / 10.0)) - _FIRST_CENTS) / _CENTS_PER_BIN)
