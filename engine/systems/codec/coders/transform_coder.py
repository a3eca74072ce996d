"""A transform coder: MDCT, one uniform quantizer, and an ideal entropy coder.

The simplest codec without networks: no psychoacoustic model, no prediction, no noise filling. Its
squared error is about the least that one step size can give at a bitrate, with holes in the
spectrum where there is little energy. The entropy coder is ideal: its bits are counted (-log2 of
each symbol's probability), not written. Within a clip, bits go to the frames that reduce the error
most; a codec with a fixed number of codes per frame cannot do that.
"""

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from attrs import frozen

_HOP_SECONDS = 0.02
_ROUNDING = 1 / 3
"""Added before rounding down: below 1/2, so that zero has the widest interval (a dead zone)."""

_LARGEST = 16
"""Magnitudes from here on share a symbol; the rest is coded as Elias's gamma code."""

_CONTEXTS = (0, 1, 2, 3, 4, 6, 8, 11, 15, 20, 28, 40)
"""Upper edges of the classes of a coefficient's neighbourhood."""

_STEP_BITS = 8
_STEPS = 2.0 ** (np.arange(2**_STEP_BITS) / 12 - 17)
"""Step sizes that a clip can have, a twelfth of an octave apart; the finest below 16 bits'."""

_FITTING_ROUNDS = 5


class Coding(NamedTuple):
    """A clip after a coder."""

    audio: np.ndarray
    """The decoded clip [samples], float32, as long as the original."""
    bits: float
    """Number of bits that the clip needs."""


@frozen(eq=False)
class TransformCoder:
    """A coder [samples] -> `Coding` for one sample rate and bitrate. Make it with `fit`."""

    sample_rate_hz: int
    bits_per_second: float
    basis: np.ndarray
    """MDCT with a sine window [bins, 2 bins], orthonormal."""
    costs: np.ndarray
    """Bits of a magnitude in a context [contexts, magnitudes]."""
    levels: np.ndarray
    """Decoded value of each magnitude, in steps [magnitudes]: its mean in the clips fitted to."""

    @classmethod
    def fit(
        cls, clips: Sequence[np.ndarray], sample_rate_hz: int, bits_per_second: float
    ) -> "TransformCoder":
        """The coder with the probabilities and levels of some clips [samples] at a bitrate.

        Both are constants of the coder, as codebooks are of a network, and take no bits.
        """
        basis = _mdct_basis(round(_HOP_SECONDS * sample_rate_hz))
        spectra = [_analyse(clip, basis) for clip in clips]
        budgets = [bits_per_second * len(clip) / sample_rate_hz for clip in clips]
        steps = [float(np.sqrt(np.square(spectrum).mean())) for spectrum in spectra]
        for _ in range(_FITTING_ROUNDS):
            symbols = list(map(_quantize, spectra, steps))
            costs = _costs(symbols)
            steps = [_step(*clip, costs) for clip in zip(spectra, budgets, strict=True)]
        levels = _levels([each / step for each, step in zip(spectra, steps, strict=True)])
        return cls(sample_rate_hz, bits_per_second, basis, costs, levels)

    def __call__(self, clip: np.ndarray, sample_rate_hz: int) -> Coding:
        """Code a clip [samples] and decode it, with the finest step that the bitrate allows.

        It exceeds the bitrate only where a clip of zeros would exceed it.
        """
        assert sample_rate_hz == self.sample_rate_hz, f"fitted at {self.sample_rate_hz} Hz"
        spectrum = _analyse(clip, self.basis)
        step = _step(spectrum, self.bits_per_second * len(clip) / sample_rate_hz, self.costs)
        symbols = _quantize(spectrum, step)
        sizes = np.abs(symbols)
        beyond = np.maximum(sizes - _LARGEST, 0)
        found = np.sign(symbols) * (self.levels[np.minimum(sizes, _LARGEST)] + beyond) * step
        audio = _synthesize(found, self.basis, len(clip))
        return Coding(audio.astype(np.float32), _num_bits(symbols, self.costs))


def _mdct_basis(num_bins: int) -> np.ndarray:
    """Rows of the modified discrete cosine transform (Princen and Bradley, 1986)."""
    times = np.arange(2 * num_bins) + 0.5
    window = np.sin(np.pi / (2 * num_bins) * times)
    frequencies = np.arange(num_bins)[:, None] + 0.5
    waves = np.cos(np.pi / num_bins * (times + num_bins / 2) * frequencies)
    basis: np.ndarray = np.sqrt(2 / num_bins) * window * waves
    return basis


def _analyse(audio: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """Spectrum [frames, bins] of audio [samples]: one frame more than hops cover it."""
    num_bins = len(basis)
    num_hops = -(-len(audio) // num_bins)
    hops = np.zeros((num_hops + 2, num_bins))
    hops[1:-1].reshape(-1)[: len(audio)] = audio
    spectrum: np.ndarray = np.concatenate([hops[:-1], hops[1:]], axis=1) @ basis.T
    return spectrum


def _synthesize(spectrum: np.ndarray, basis: np.ndarray, num_samples: int) -> np.ndarray:
    """Audio [samples] of a spectrum: overlapping halves add up to it."""
    first, second = np.split(spectrum @ basis, 2, axis=1)
    audio: np.ndarray = (second[:-1] + first[1:]).reshape(-1)[:num_samples]
    return audio


def _quantize(spectrum: np.ndarray, step: float) -> np.ndarray:
    sizes = np.floor(np.abs(spectrum) / step + _ROUNDING)
    symbols: np.ndarray = (np.sign(spectrum) * sizes).astype(np.int64)
    return symbols


def _contexts(sizes: np.ndarray) -> np.ndarray:
    """The class of each coefficient [frames, bins] by magnitudes that a decoder already has.

    These are the magnitudes of the two bins below and of the neighbours in the previous frame.
    """
    around = np.pad(np.minimum(sizes, _LARGEST), ((1, 0), (2, 1)))
    now, before = around[1:], around[:-1]
    near = 2 * now[:, 1:-2] + now[:, :-3] + before[:, 1:-2] + 2 * before[:, 2:-1] + before[:, 3:]
    classes: np.ndarray = np.searchsorted(_CONTEXTS, near)
    return classes


def _costs(symbols: Sequence[np.ndarray]) -> np.ndarray:
    """Bits of each magnitude in each context [contexts, magnitudes], from their frequencies."""
    counts = np.zeros((len(_CONTEXTS) + 1, _LARGEST + 1))
    for each in symbols:
        sizes = np.abs(each)
        np.add.at(counts, (_contexts(sizes), np.minimum(sizes, _LARGEST)), 1)
    # What has not met can: a context has seen as much as one symbol of the average context's.
    counts += counts.sum(0) / counts.sum() + 1e-3
    costs: np.ndarray = -np.log2(counts / counts.sum(1, keepdims=True))
    return costs


def _num_bits(symbols: np.ndarray, costs: np.ndarray) -> float:
    """Bits of symbols [frames, bins]: the step, magnitudes, a sign where it is not 0, the rest."""
    sizes = np.abs(symbols)
    magnitudes = costs[_contexts(sizes), np.minimum(sizes, _LARGEST)].sum()
    beyond = sizes[sizes >= _LARGEST] - _LARGEST + 1
    rest = (2 * np.floor(np.log2(beyond)) + 1).sum()
    return float(_STEP_BITS + magnitudes + (sizes > 0).sum() + rest)


def _step(spectrum: np.ndarray, num_bits: float, costs: np.ndarray) -> float:
    """The finest step size with which a spectrum takes no more than `num_bits`; or the coarsest."""
    fits = bisect_left(
        range(len(_STEPS) - 1),
        True,
        key=lambda row: _num_bits(_quantize(spectrum, float(_STEPS[row])), costs) <= num_bits,
    )
    return float(_STEPS[fits])


def _levels(scaled: Sequence[np.ndarray]) -> np.ndarray:
    """Decoded value of each magnitude, in steps: the mean over spectra, or the magnitude itself."""
    values = np.concatenate([np.abs(each).reshape(-1) for each in scaled])
    sizes = _quantize(values, 1.0)
    inside = sizes < _LARGEST
    counts = np.bincount(sizes[inside], minlength=_LARGEST + 1)
    sums = np.bincount(sizes[inside], values[inside], minlength=_LARGEST + 1)
    levels = np.where(counts > 0, sums / np.maximum(counts, 1), np.arange(_LARGEST + 1))
    levels[0] = 0.0
    return levels
