"""Crops found again in the clips they were cut from."""

import numpy as np
from scipy.signal import fftconvolve

from engine.training.system import Again

_LONGEST_SECONDS = 60
_TOLERANCE = 0.01
"""Share of a crop's peak: rounding, and levels that are measured in other blocks."""
_MOST_GAIN = 100.0
"""By how much a level that is set crop by crop may differ from that of the whole clip."""
_ROUNDING = 1e-12
"""Power, as a share of a crop's at most, below which rounding of the convolution decides."""


def found_again(
    crop: np.ndarray, clip: np.ndarray, sample_rate_hz: int, own_level: bool
) -> Again | None:
    """A crop [samples] beside the part of its clip that is most like it.

    Where crops have a level of their own, its gain is taken out. None where the place cannot be
    found: of digital silence, and of clips over a minute.
    """
    if not crop.any() or len(clip) > _LONGEST_SECONDS * sample_rate_hz:
        return None
    whole = np.pad(clip.astype(np.float64), (0, len(crop)))
    fit = fftconvolve(whole, crop[::-1].astype(np.float64), "valid")
    energy = np.concatenate([[0.0], np.square(whole).cumsum()])
    power = energy[len(crop) :] - energy[: -len(crop)]
    place = int(np.argmax(fit / np.sqrt(np.maximum(power, _ROUNDING * power.max()))))
    found = whole[place : place + len(crop)]
    if own_level:
        gain = float(crop @ found) / max(float(found @ found), 1e-12)
        found = found * np.clip(gain, 1 / _MOST_GAIN, _MOST_GAIN)
    return Again(crop, found, _TOLERANCE * float(np.abs(found).max()))
