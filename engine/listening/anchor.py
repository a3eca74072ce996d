"""The anchor of a listening test: a low-pass version that is easy to recognize.

ITU-R BS.1534-3, section 5.1: the low-quality anchor ends at 3.5 kHz, is 25 dB down at 4 kHz and
50 dB at 4.5 kHz.
"""

import numpy as np

CUTOFF_HZ = 3500.0
_FULL_BAND_RATE_HZ = 16_000
"""Lowest rate with the anchor at 3.5 kHz: below, it ends at the same share of the band."""
_STOP_RATIO = 4.0 / 3.5
_STOP_DB = 60.0


def anchor_hz(sample_rate_hz: int) -> float:
    """The upper end in Hz of the anchor of audio at a sample rate in Hz."""
    return CUTOFF_HZ * min(1.0, sample_rate_hz / _FULL_BAND_RATE_HZ)


def low_pass(audio: np.ndarray, sample_rate_hz: int) -> np.ndarray:
    """The anchor of float32 [samples], of the same length and without delay."""
    from scipy.signal import fftconvolve, firwin, kaiserord

    end = anchor_hz(sample_rate_hz)
    width = end * (_STOP_RATIO - 1) / (sample_rate_hz / 2)
    num_taps, beta = kaiserord(_STOP_DB, width)
    middle = end * (1 + _STOP_RATIO) / 2
    taps = firwin(num_taps | 1, middle, window=("kaiser", beta), fs=sample_rate_hz)
    around = len(taps) // 2
    filtered: np.ndarray = fftconvolve(audio, taps)[around : around + len(audio)]
    return filtered.astype(np.float32)
