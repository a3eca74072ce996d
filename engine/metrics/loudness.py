"""Loudness of mono audio as ITU-R BS.1770-4 measures it, in LUFS."""

import math
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

_ABSOLUTE_GATE = -70.0
_RELATIVE_GATE = -10.0
_SHORTEST_SECONDS = 0.5
_SHELF_HZ = 1681.9744509555319
_STEPS_PER_SECOND = 10
"""Gating blocks begin every 100 ms ..."""
_STEPS_IN_BLOCK = 4
"""... and are 400 ms long."""


class LoudnessMeter:
    """Integrated loudness of audio that comes block by block.

    Samples are not kept, only the energy of every tenth of a second.
    """

    def __init__(self, sample_rate_hz: int) -> None:
        self._rate = sample_rate_hz
        self._filter = _weighting(sample_rate_hz)
        self._state = np.zeros((len(self._filter), 2))
        self._energies: list[float] = []
        self._begun = np.zeros(0)
        self._num_samples = 0

    def add(self, block: np.ndarray) -> None:
        """Take in float32 samples [T], full scale 1.0."""
        from scipy.signal import sosfilt

        if not len(block):
            return
        weighted, self._state = sosfilt(self._filter, block.astype(np.float64), zi=self._state)
        self._num_samples += len(block)
        samples = np.concatenate([self._begun, weighted])
        done = len(self._energies)
        start = _edge(done, self._rate)
        steps = _whole_steps(self._num_samples, self._rate)
        for step in range(done, steps):
            part = samples[_edge(step, self._rate) - start : _edge(step + 1, self._rate) - start]
            self._energies.append(float(part @ part))
        self._begun = samples[_edge(steps, self._rate) - start :]

    @property
    def lufs(self) -> float:
        """The loudness so far; minus infinity where no block is louder than -70 LUFS.

        Audio shorter than 0.5 s is measured with silence up to 0.5 s behind it, as `audiotools`
        (whose trainers level crops of 0.38 s) does.
        """
        lacking = math.ceil(_SHORTEST_SECONDS * self._rate) - self._num_samples
        energies = self._padded(lacking) if lacking > 0 else self._energies
        return float(_gated(np.array(energies)[None], self._rate)[0])

    def _padded(self, num_zeros: int) -> list[float]:
        padded = LoudnessMeter(self._rate)
        padded._state, padded._begun = self._state.copy(), self._begun
        padded._energies, padded._num_samples = self._energies[:], self._num_samples
        padded.add(np.zeros(num_zeros, np.float32))
        return padded._energies


def loudness_of(batch: "np.ndarray | Tensor", sample_rate_hz: int) -> np.ndarray:
    """Loudness of each row of a CPU batch, float [B, T] to float64 [B] in LUFS.

    As LoudnessMeter measures it, in one pass over all rows; -inf where there is none.
    """
    from scipy.signal import sosfilt

    samples = np.asarray(batch)
    lacking = math.ceil(_SHORTEST_SECONDS * sample_rate_hz) - samples.shape[1]
    padded = np.pad(samples, ((0, 0), (0, max(0, lacking)))).astype(np.float64)
    weighted = sosfilt(_weighting(sample_rate_hz), padded, axis=-1)
    steps = _whole_steps(weighted.shape[1], sample_rate_hz)
    edges = [_edge(step, sample_rate_hz) for step in range(steps + 1)]
    squares = np.square(weighted[:, : edges[-1]], out=weighted[:, : edges[-1]])
    return _gated(np.add.reduceat(squares, edges[:-1], axis=1), sample_rate_hz)


def _gated(energies: np.ndarray, sample_rate_hz: int) -> np.ndarray:
    """Loudness [B] of energies [B, steps] of 100 ms each (BS.1770-4, annex 1, equations 3 to 7)."""
    blocks = np.lib.stride_tricks.sliding_window_view(energies, _STEPS_IN_BLOCK, axis=1)
    power = blocks.sum(axis=-1) * _STEPS_PER_SECOND / (_STEPS_IN_BLOCK * sample_rate_hz)
    audible = _lufs(power) > _ABSOLUTE_GATE
    threshold = _lufs(_mean_where(power, audible)) + _RELATIVE_GATE
    return _lufs(_mean_where(power, audible & (_lufs(power) > threshold[:, None])))


def _mean_where(power: np.ndarray, kept: np.ndarray) -> np.ndarray:
    mean: np.ndarray = (power * kept).sum(axis=1) / np.maximum(1, kept.sum(axis=1))
    return mean


def _lufs(power: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):
        lufs: np.ndarray = -0.691 + 10 * np.log10(power)
    return lufs


def _whole_steps(num_samples: int, sample_rate_hz: int) -> int:
    """Steps that end within the audio: an incomplete block at its end does not count."""
    return ((num_samples + 1) * _STEPS_PER_SECOND - 1) // sample_rate_hz


def _edge(step: int, sample_rate_hz: int) -> int:
    """The sample at which a step begins."""
    return step * sample_rate_hz // _STEPS_PER_SECOND


@cache
def _weighting(sample_rate_hz: int) -> np.ndarray:
    """K-weighting as second-order sections [1 or 2, 6]: a high shelf, then a high pass.

    BS.1770-4 tabulates them at 48 kHz alone. These are the analogue prototypes behind its numbers,
    for any rate (De Man, "Evaluation of implementations of the EBU R128 loudness measurement",
    AES 145, 2018). A rate that has nothing of what the shelf raises, up to 3363 Hz, does without.
    """
    square, bend = _prototype(38.13547087613982, 0.5003270373253953, sample_rate_hz)
    high_pass = [1.0, -2.0, 1.0, *_poles(square, bend)]
    if sample_rate_hz <= 2 * _SHELF_HZ:
        return np.array([high_pass])
    gain = 10 ** (3.99984385397 / 20)
    side = gain**0.499666774155
    square, bend = _prototype(_SHELF_HZ, 0.7071752369554193, sample_rate_hz)
    top = [gain + side * bend + square, 2 * (square - gain), gain - side * bend + square]
    shelf = [*(value / (1 + bend + square) for value in top), *_poles(square, bend)]
    return np.array([shelf, high_pass])


def _prototype(hz: float, q: float, sample_rate_hz: int) -> tuple[float, float]:
    """Frequency squared, and frequency over quality, of a section warped for the rate."""
    tangent = math.tan(math.pi * hz / sample_rate_hz)
    return tangent * tangent, tangent / q


def _poles(square: float, bend: float) -> tuple[float, float, float]:
    """The denominator of a section after the bilinear transform."""
    scale = 1 + bend + square
    return 1.0, 2 * (square - 1) / scale, (1 - bend + square) / scale
