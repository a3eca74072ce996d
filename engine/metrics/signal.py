"""How near a decoded clip is to its reference, sample by sample. NumPy, in float64.

All take two clips [samples] of one length; that a decoder returns another length is a fault to be
found, not to be trimmed away here. A clip of zeros alone is no reference: its figures are nan
(nothing else is: samples must be finite).
Decibels end at `LARGEST_DB` on both sides, so that a mean over clips stays a number.
"""

from typing import Final

import numpy as np

LARGEST_DB: Final = 100.0
"""What an exact copy has, and with a minus what has nothing of the reference."""

SILENCE_DBFS: Final = -60.0
"""Root mean square, full scale being 1, below which a clip is silent."""

_LEAST_CORRELATION = 0.5
_TIE = 1e-9


def snr_db(reference: np.ndarray, decoded: np.ndarray) -> float:
    """Signal-to-noise ratio in dB: energy of the reference over that of the difference.

    10 log10(sum x^2 / sum (x - y)^2). For signals of mean zero it is
    -10 log10(1 - 2 rho a + a^2), with rho their `correlation` and a their `amplitude_ratio`: zeros
    have 0 dB, a decoding as loud as the reference that has nothing to do with it has -3 dB.
    """
    x, y = _both(reference, decoded)
    return _ratio_db(x @ x, np.square(x - y).sum()) if x.any() else np.nan


def si_sdr_db(reference: np.ndarray, decoded: np.ndarray) -> float:
    """Scale-invariant signal-to-distortion ratio in dB (Le Roux et al., 2019).

    Means are taken off, then the decoding is cut into a multiple of the reference and a rest:
    10 log10(|a x|^2 / |y - a x|^2) with a = <y, x> / <x, x>. It is 10 log10(rho^2 / (1 - rho^2)),
    with rho their `correlation`, so that an inverted decoding is as good as one that is not.
    """
    x, y = _centred(reference, decoded)
    if not x.any():
        return np.nan
    target = (y @ x) / (x @ x) * x
    return _ratio_db(target @ target, np.square(y - target).sum())


def amplitude_ratio(reference: np.ndarray, decoded: np.ndarray) -> float:
    """Root mean square of the decoding over that of the reference; 1: as loud."""
    x, y = _both(reference, decoded)
    return float(np.sqrt((y @ y) / (x @ x))) if x.any() else np.nan


def correlation(reference: np.ndarray, decoded: np.ndarray) -> float:
    """Pearson's correlation of the samples; 0 where the decoding is constant."""
    x, y = _centred(reference, decoded)
    if not x.any():
        return np.nan
    norms = np.sqrt((x @ x) * (y @ y))
    return float((x @ y) / norms) if norms > 0 else 0.0


def lag_samples(reference: np.ndarray, decoded: np.ndarray, max_lag: int) -> int:
    """Samples by which the decoding comes late (negative: early), at most `max_lag` either way.

    It is where the cross-correlation is largest in size, whatever its sign: a decoding with its
    polarity turned has no lag. Neither has one that resembles the reference nowhere (a correlation
    below 0.5 at every lag, as of a network that has only begun to learn, or of one that cares for
    spectra alone): its largest correlation says nothing. Of equal ones the lag nearest 0 counts.
    """
    assert max_lag >= 0
    x, y = _centred(reference, decoded)
    max_lag = min(max_lag, len(x) - 1)
    # The smallest power of two in which no lag that counts wraps around onto another.
    size = 1 << (len(x) + max_lag - 1).bit_length()
    products = np.fft.irfft(np.fft.rfft(y, size) * np.fft.rfft(x, size).conj(), size)
    lags = np.arange(-max_lag, max_lag + 1)
    sizes = np.abs(products[lags])
    if sizes.max() <= _LEAST_CORRELATION * np.sqrt((x @ x) * (y @ y)):
        return 0
    best = lags[sizes >= sizes.max() * (1.0 - _TIE)]
    return int(best[np.abs(best).argmin()])


def is_silent(audio: np.ndarray) -> bool:
    """Whether a clip's root mean square is below -60 dBFS; an empty clip is silent."""
    samples = np.asarray(audio, np.float64)
    least = 10.0 ** (SILENCE_DBFS / 10.0) * len(samples)
    return not len(samples) or bool(samples @ samples < least)


def _both(reference: np.ndarray, decoded: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    assert reference.ndim == 1, f"a clip has one dimension, not {reference.shape}"
    assert reference.shape == decoded.shape, f"{decoded.shape} against {reference.shape}"
    assert len(reference), "a clip of no samples"
    assert np.isfinite(reference + decoded).all(), "samples that are not finite"
    return reference.astype(np.float64), decoded.astype(np.float64)


def _centred(reference: np.ndarray, decoded: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    x, y = _both(reference, decoded)
    # Exactly 0 for a constant clip, which a mean of floats is not always.
    return _less_mean(x), _less_mean(y)


def _less_mean(samples: np.ndarray) -> np.ndarray:
    constant = (samples == samples[0]).all()
    return np.zeros_like(samples) if constant else samples - samples.mean()


def _ratio_db(energy: float, rest: float) -> float:
    """10 log10 of a ratio of energies, within -LARGEST_DB and LARGEST_DB; nothing wins nothing."""
    if energy == 0.0:
        return -LARGEST_DB
    if rest == 0.0:
        return LARGEST_DB
    return float(np.clip(10.0 * np.log10(energy / rest), -LARGEST_DB, LARGEST_DB))
