"""Mel-cepstral distortion after alignment in time, for two recordings of the same words.

Kubichek (1993); the alignment is dynamic time warping (Sakoe and Chiba, 1978).
"""

import numpy as np
import torch

from engine.nn.mel import MelSettings, MelSpectrogram

NUM_COEFFICIENTS = 24
"""Without the zeroth, which is the level."""
_NUM_MELS = 80
_WINDOW_SECONDS, _HOP_SECONDS = 0.032, 0.010
_RANGE_DB = 60.0
"""What lies further below a recording's loudest band counts as silence in both."""


def mcd_db(reference: np.ndarray, made: np.ndarray, sample_rate_hz: int) -> float:
    """Mel-cepstral distortion in dB of two recordings [samples], mean over the aligned frames.

    The distance of two frames is the root mean square difference, over the mel scale, of their
    smoothed log spectra without their levels.
    """
    ours, theirs = (mel_cepstra(audio, sample_rate_hz) for audio in (reference, made))
    return mean_aligned_cost(distortions(ours, theirs))


def mel_cepstra(audio: np.ndarray, sample_rate_hz: int) -> np.ndarray:
    """Mel-cepstral coefficients 1 to 24 of audio [samples], float64 [frames, 24].

    Of 80 log mel magnitudes (Slaney's scale), every 10 ms, in nepers: with c0 they would be the
    cosine series c0 + sum of c_m cos(m w) of the log spectrum over the warped frequency w.
    """
    bands = _log_mel(audio, sample_rate_hz)
    places = (np.arange(_NUM_MELS) + 0.5) * np.pi / _NUM_MELS
    cosines = np.cos(np.outer(places, np.arange(1, NUM_COEFFICIENTS + 1)))
    cepstra: np.ndarray = bands @ cosines * 2.0 / _NUM_MELS
    return cepstra


def distortions(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """The distortion in dB of every frame of one [N, 24] and every one of another, [N, M]."""
    products = ours @ theirs.T
    squares = np.square(ours).sum(1)[:, None] + np.square(theirs).sum(1) - 2.0 * products
    decibels: np.ndarray = 10.0 / np.log(10.0) * np.sqrt(2.0 * squares.clip(min=0.0))
    return decibels


def mean_aligned_cost(costs: np.ndarray) -> float:
    """Mean cost along the cheapest path through costs [N, M], from the first corner to the last.

    A step goes on by one frame in either or in both.
    """
    totals = _cheapest(costs)
    row, column, length = costs.shape[0] - 1, costs.shape[1] - 1, 1
    while row or column:
        before = {(row - 1, column - 1), (row - 1, column), (row, column - 1)}
        row, column = min(
            (place for place in before if min(place) >= 0), key=lambda at: (totals[at], -sum(at))
        )
        length += 1
    return float(totals[-1, -1] / length)


def _cheapest(costs: np.ndarray) -> np.ndarray:
    """The cost of the cheapest path to each place, diagonal by diagonal."""
    rows, columns = costs.shape
    totals = np.full((rows + 1, columns + 1), np.inf)
    totals[0, 0] = 0.0
    for diagonal in range(rows + columns - 1):
        i = np.arange(max(0, diagonal - columns + 1), min(rows, diagonal + 1))
        j = diagonal - i
        before = np.minimum(np.minimum(totals[i, j + 1], totals[i + 1, j]), totals[i, j])
        totals[i + 1, j + 1] = costs[i, j] + before
    return totals[1:, 1:]


def _log_mel(audio: np.ndarray, sample_rate_hz: int) -> np.ndarray:
    """Log mel magnitudes [frames, bands], at most 60 dB below the loudest."""
    n_fft = 2 ** int(np.ceil(np.log2(_WINDOW_SECONDS * sample_rate_hz)))
    settings = MelSettings(
        sample_rate_hz=sample_rate_hz,
        n_fft=n_fft,
        hop_length=round(_HOP_SECONDS * sample_rate_hz),
        num_mels=_NUM_MELS,
        low_hz=0.0,
        high_hz=sample_rate_hz / 2,
        scale="slaney",
        norm="slaney",
        power=1.0,
    )
    padded = np.pad(audio, (0, max(0, n_fft - len(audio)))).astype(np.float32)
    mel = MelSpectrogram(settings)(torch.from_numpy(padded)).numpy().T.astype(np.float64)
    floor = max(mel.max() * 10 ** (-_RANGE_DB / 20), np.finfo(np.float64).tiny)
    logarithms: np.ndarray = np.log(mel.clip(min=floor))
    return logarithms
