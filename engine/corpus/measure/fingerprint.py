"""The acoustic fingerprint of a clip, which encoding it again, noise and speed change little.

The clip at 8 kHz becomes power in 32 bands of equal width on a logarithmic scale. Landmarks are
the places where it is loudest, as in Wang (2003, "An industrial-strength audio search algorithm")
the peaks of the spectrogram. The code of a landmark is, as in Haitsma and Kalker (2002, "A highly
robust audio fingerprinting system"), the signs of differences of band energies over time and
frequency; here these are coefficients of a two-dimensional cosine transform of the second around
it, which leaves out the spectrum that the whole second has in common (and with it microphones and
gain) and the details that codecs do not keep.
"""

import numpy as np
import soxr

from engine.evaluation.sound.landmarks import CODE_BYTES, LANDMARK, SPEEDS

SHORTEST_SECONDS = 0.2
"""A shorter clip has no fingerprint: too little is in it to distinguish it from others."""

_RATE_HZ = 8_000
_WINDOW, _HOP = 512, 128
_FRAMES = 60
"""In a code: 0.96 s, of which the middle half decides."""
_BANDS, _LOWEST_HZ, _HIGHEST_HZ = 32, 250.0, 3400.0
_COMPRESSION = 0.25
"""Exponent of the power: between power, of which one vowel has most, and decibels, where noise
and silence count as much as speech."""
_FLOOR = 1e-6
_SMOOTHED, _APART = 7, 8
"""Frames over which loudness is averaged, and between landmarks."""
_LOUD = 0.4
"""Landmarks are at least so loud as the loudest, in compressed power."""
_PIECE_SECONDS = 60
"""Long recordings are taken in pieces."""

_HANN = np.hanning(_WINDOW + 1)[:-1].astype(np.float32)
_AUDIBLE = slice(_WINDOW * 250 // _RATE_HZ, _WINDOW * 3400 // _RATE_HZ + 1)


class Fingerprint:
    """Takes in a clip block by block; `finish` gives its landmarks. Memory stays flat."""

    def __init__(self, sample_rate_hz: int) -> None:
        self._resampler = soxr.ResampleStream(sample_rate_hz, _RATE_HZ, 1, dtype="float32")
        self._waiting: list[np.ndarray] = [np.zeros(_WINDOW // 2, np.float32)]
        self._num_waiting, self._start = _WINDOW // 2, 0
        self._num_samples = 0
        self._found: list[np.ndarray] = []
        self._loudness: list[np.ndarray] = []

    def add(self, block: np.ndarray) -> None:
        """Take in mono float32 samples."""
        self._take(self._resampler.resample_chunk(np.ascontiguousarray(block)))

    def finish(self) -> np.ndarray:
        """The clip's landmarks, LANDMARK [landmarks], all of clip 0."""
        self._take(self._resampler.resample_chunk(np.zeros(0, np.float32), last=True))
        if self._num_samples < SHORTEST_SECONDS * _RATE_HZ:
            return np.empty(0, LANDMARK)
        self._take(np.zeros(_WINDOW // 2, np.float32))
        self._search(is_last=True)
        loudness = np.concatenate(self._loudness)
        is_loud = loudness >= _LOUD * loudness.max(initial=0.0)
        landmarks: np.ndarray = np.concatenate(self._found)[is_loud]
        return landmarks

    def _take(self, samples: np.ndarray) -> None:
        self._num_samples += len(samples)
        self._waiting.append(samples)
        self._num_waiting += len(samples)
        if self._num_waiting > _PIECE_SECONDS * _RATE_HZ:
            self._search(is_last=False)

    def _search(self, *, is_last: bool) -> None:
        """Find the landmarks of what is waiting; keep what its last landmarks lacked."""
        held = np.concatenate(self._waiting)
        power = _power(held)
        margin = _FRAMES
        begin = margin if self._start else 0
        end = len(power) if is_last else len(power) - margin
        places, loudness = _landmarks(power)
        inside = (places >= begin) & (places < end) & (loudness > 0)
        self._found.append(_coded(power, places[inside], self._start))
        self._loudness.append(loudness[inside])
        kept = max(0, end - margin)
        self._waiting, self._start = [held[kept * _HOP :]], self._start + kept
        self._num_waiting = len(held) - kept * _HOP


def _power(samples: np.ndarray) -> np.ndarray:
    """Power spectra [frames, bins], a frame every 16 ms."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, _WINDOW)[::_HOP]
    spectra = np.fft.rfft(frames * _HANN, axis=1)
    return np.square(spectra.real) + np.square(spectra.imag)


def _landmarks(power: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Places [landmarks], in frames and parts of them, where a clip is loudest; how loud."""
    smooth = np.hanning(_SMOOTHED + 2)[1:-1]
    loud = np.convolve(power[:, _AUDIBLE].sum(1) ** _COMPRESSION, smooth / smooth.sum(), "same")
    around = np.pad(loud[: len(power)], _APART)
    most = np.lib.stride_tricks.sliding_window_view(around, 2 * _APART + 1)
    peaks = np.flatnonzero(most.argmax(1) == _APART)
    before, at, behind = (around[peaks + _APART + step] for step in (-1, 0, 1))
    bend = before - 2 * at + behind
    shift = np.divide(before - behind, 2 * bend, out=np.zeros(len(peaks)), where=bend < 0)
    return peaks + shift, at


def _coded(power: np.ndarray, places: np.ndarray, start: int) -> np.ndarray:
    """Landmarks with their codes. `start` is the number of the first frame in the clip."""
    rows = np.zeros(len(places), LANDMARK)
    rows["seconds"] = (places + start) * _HOP / _RATE_HZ
    for number, speed in enumerate(SPEEDS):
        rows["codes"][:, number] = _codes(power, places, speed)
    return rows


def _codes(power: np.ndarray, places: np.ndarray, speed: float) -> np.ndarray:
    """Codes uint8 [landmarks, CODE_BYTES] of the clip as if played at `speed`."""
    bands = power @ _FILTERS[speed]
    bands = (bands / max(float(bands.max(initial=0.0)), 1e-20) + _FLOOR) ** _COMPRESSION
    padded = np.vstack([bands - bands.min(initial=np.inf), np.zeros((2, _BANDS))])
    times = places[:, None] + (np.arange(_FRAMES) - (_FRAMES - 1) / 2) * speed
    whole = np.floor(times).astype(np.int64)
    part = (times - whole)[..., None]
    outside = len(power)

    def frames(numbers: np.ndarray) -> np.ndarray:
        inside = (numbers >= 0) & (numbers < outside)
        found: np.ndarray = padded[np.where(inside, numbers, outside)]
        return found

    around = frames(whole) * (1 - part) + frames(whole + 1) * part
    coefficients = (_OVER_TIME @ around) @ _OVER_BANDS.T
    signs = coefficients[:, _CHOSEN[0], _CHOSEN[1]] > 0
    return np.packbits(signs, axis=1)


def _filters(speed: float) -> np.ndarray:
    """Triangular filters [bins, bands], at least a bin wide."""
    edges = np.geomspace(_LOWEST_HZ, _HIGHEST_HZ, _BANDS + 2) / speed
    bins = np.fft.rfftfreq(_WINDOW, 1 / _RATE_HZ)[:, None]
    width = np.maximum(np.diff(edges), _RATE_HZ / _WINDOW)
    rising, falling = (bins - edges[:-2]) / width[:-1], (edges[2:] - bins) / width[1:]
    filters = np.minimum(rising, falling).clip(0)
    weighed: np.ndarray = (filters / filters.sum(0)).astype(np.float32)
    return weighed


def _cosines(number: int, length: int) -> np.ndarray:
    """The first basis functions [number, length] of the cosine transform (DCT-II)."""
    angles = np.pi * (np.arange(length) + 0.5) / length
    return np.cos(np.arange(number)[:, None] * angles)


def _chosen() -> tuple[np.ndarray, np.ndarray]:
    """Which coefficients a code holds: from 2 over time and 4 over bands on, the slowest.

    Those below are what repetitions of a word, or clips of a microphone, have in common. Ones of
    all kinds are dealt to each part of a code that is looked up at once.
    """
    time, band = np.meshgrid(np.arange(2, 22), np.arange(4, 27), indexing="ij")
    order = np.lexsort([band.ravel(), (time + band).ravel()])[: 8 * CODE_BYTES]
    dealt = order.reshape(-1, 16).T.ravel()
    return time.ravel()[dealt], band.ravel()[dealt]


_FILTERS = {speed: _filters(speed) for speed in SPEEDS}
_OVER_TIME = _cosines(22, _FRAMES) * np.square(np.hanning(_FRAMES + 2)[1:-1])
_OVER_BANDS = _cosines(27, _BANDS)
_CHOSEN = _chosen()
