"""Crops found again in the clips they were cut from."""

from collections.abc import Sequence

import numpy as np
from scipy.signal import fftconvolve

_LONGEST_SECONDS = 60
_TOLERANCE = 0.01
"""Of a crop's peak: rounding, and levels that are measured in other blocks."""


def share_found(crop: np.ndarray, clip: np.ndarray, sample_rate_hz: int) -> float:
    """Share of a crop's samples that are those of its clip, at the best place and level.

    1 where that cannot be said: of digital silence, and of clips over a minute.
    """
    if not crop.any() or len(clip) > _LONGEST_SECONDS * sample_rate_hz:
        return 1.0
    whole = np.pad(clip.astype(np.float64), (0, len(crop)))
    fit = fftconvolve(whole, crop[::-1].astype(np.float64), "valid")
    energy = np.concatenate([[0.0], np.square(whole).cumsum()])
    power = energy[len(crop) :] - energy[: -len(crop)]
    place = int(np.argmax(fit / np.sqrt(np.maximum(power, 1e-12 + 1e-6 * power.max()))))
    found = whole[place : place + len(crop)]
    gain = float(crop @ found) / max(float(found @ found), 1e-12)
    return float((np.abs(crop - gain * found) <= _TOLERANCE * np.abs(crop).max()).mean())


def shares_found(
    crops: Sequence[np.ndarray], clips: Sequence[np.ndarray], sample_rate_hz: int
) -> list[float]:
    """`share_found` of each pair."""
    pairs = zip(crops, clips, strict=True)
    return [share_found(crop, clip, sample_rate_hz) for crop, clip in pairs]
