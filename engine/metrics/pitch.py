"""How far a pitch is from the one that was asked, frame by frame. NumPy.

All take fundamental frequencies [frames] in Hz, 0 where a frame has no voice.
"""

import numpy as np

CENTS_PER_OCTAVE = 1200.0


def f0_error_cents(asked: np.ndarray, made: np.ndarray) -> float:
    """Median distance in cents over the frames that have voice in both; nan where none has."""
    both = _voiced(asked, made).all(0)
    if not both.any():
        return np.nan
    octaves = np.log2(made[both].astype(np.float64) / asked[both])
    return float(np.median(np.abs(octaves)) * CENTS_PER_OCTAVE)


def voicing_error(asked: np.ndarray, made: np.ndarray) -> float:
    """Share of the frames that have voice in one of the two alone."""
    return float(np.logical_xor(*_voiced(asked, made)).mean())


def median_f0(f0: np.ndarray) -> float:
    """Median of the frames with voice, in Hz; nan where none has."""
    voiced = f0[f0 > 0]
    return float(np.median(voiced)) if len(voiced) else np.nan


def _voiced(asked: np.ndarray, made: np.ndarray) -> np.ndarray:
    """Which frames have voice, bool [2, frames]."""
    assert asked.ndim == 1, f"a pitch has one dimension, not {asked.shape}"
    assert asked.shape == made.shape, f"{made.shape} against {asked.shape}"
    assert len(asked), "a pitch of no frames"
    return np.stack([asked, made]) > 0
