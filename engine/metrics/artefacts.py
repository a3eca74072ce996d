"""What goes wrong with audio that is made: clicks, offset, silence. NumPy, samples in -1..1."""

import numpy as np

SMALLEST_CLICK = 0.5
"""A step from one sample to the next, where full scale is 1."""
SILENT_BELOW_DB = -30.0
"""The level of what was made, over that of what it was made of."""


def clicks_per_second(made: np.ndarray, original: np.ndarray, sample_rate_hz: int) -> float:
    """Steps between samples that are above half of full scale, and above any of the original."""
    smallest = max(SMALLEST_CLICK, float(np.abs(np.diff(original)).max(initial=0.0)))
    clicks = np.count_nonzero(np.abs(np.diff(made)) > smallest)
    return clicks * sample_rate_hz / max(1, len(made))


def offset(made: np.ndarray) -> float:
    """The mean sample's distance from 0, which mel spectrograms do not show."""
    return abs(float(made.astype(np.float64).mean())) if len(made) else 0.0


def is_lost(made: np.ndarray, original: np.ndarray) -> bool:
    """Whether what was made is 30 dB or more below the original; nothing of silence is lost."""
    least = 10.0 ** (SILENT_BELOW_DB / 10.0) * _power(original)
    return bool(least > 0.0 and _power(made) <= least)


def _power(audio: np.ndarray) -> float:
    samples = audio.astype(np.float64)
    return float(samples @ samples) / max(1, len(samples))
