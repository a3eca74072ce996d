"""Whether audio has the bandwidth of its sample rate: resampled audio shows where it came from.

A rate that was raised with a filter leaves nothing above half of the old rate; one that was raised
without leaves mirror images there (Oppenheim and Schafer, "Discrete-Time Signal Processing", 4.6).
"""

from collections.abc import Sequence

import numpy as np

from engine.training.checks.check import Check
from engine.training.system import TrainingAudio

_WINDOW = 1024
_CLIPS, _SECONDS = 24, 10.0
_FULL_SCALE = 32768.0
_QUANTIZATION = 1.0 / 12.0 / _FULL_SCALE**2
"""Power of the rounding noise of 16-bit samples, full scale being 1."""
_FLOOR_DB, _EDGE_DB = 15.0, 25.0
"""Above rounding noise there is sound; a filter's edge falls by so much within 4 % of the band."""
_LEAST_BAND = 0.85
"""Share of the band that good resamplers keep when they lower a rate."""
_RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100)
_MIRRORED = 0.35
"""Correlation of the fine structure below and above half of an old rate; healthy: near 0."""

_FEWEST_BINS = 16

_NAME = "bandwidth of clips"


def spectrum_check(places: Sequence[Sequence[int]], audio: TrainingAudio) -> Check:
    """Look at some training clips for a rate that was raised: a warning."""
    rate = audio.sample_rate_hz
    chosen = [place for part in places for place in part][:_CLIPS]
    clips = (audio.samples(place)[: round(_SECONDS * rate)] for place in chosen)
    spectra = [_spectra(clip.astype(np.float64) / _FULL_SCALE) for clip in clips]
    found = [one for one in spectra if len(one)]
    if not found:
        return Check(_NAME, True, "not checked: the clips are too short", "warn")
    power = np.concatenate(found)
    if (mirror := _mirror(power, rate)) is not None:
        said = f"what is above {mirror / 2000:.3g} kHz mirrors what is below: resampled from "
        said += f"{mirror:,} Hz without a filter"
        return Check(_NAME, False, said, "warn")
    top = _top(power.mean(0))
    hertz = top * rate / 2
    if top < _LEAST_BAND:
        said = f"nothing is above {hertz / 1000:.3g} kHz, and a rate of {rate:,} Hz holds "
        said += f"{rate / 2000:.3g} kHz: upsampled from about {2 * hertz:,.0f} Hz, or "
        said += "compressed (MP3 and AAC cut there). The model learns that high frequencies are "
        return Check(_NAME, False, f"{said}silent", "warn")
    said = f"sound up to {hertz / 1000:.3g} of {rate / 2000:.3g} kHz"
    return Check(_NAME, True, said, "warn")


def _spectra(clip: np.ndarray) -> np.ndarray:
    """Power [frames, bins] of the frames of a clip that are not digital silence."""
    frames = len(clip) // _WINDOW
    cut = clip[: frames * _WINDOW].reshape(frames, _WINDOW).astype(np.float64)
    loud = cut[np.abs(cut).max(1, initial=0.0) > 0.01]
    window = np.hanning(_WINDOW)
    power: np.ndarray = np.abs(np.fft.rfft(loud * window)) ** 2 / (window**2).sum()
    return power


def _top(mean: np.ndarray) -> float:
    """Up to which share of the band there is sound; 1 unless it ends with an edge."""
    level = 10 * np.log10(np.maximum(mean, 1e-30) / _QUANTIZATION)
    above = np.flatnonzero(level > _FLOOR_DB)
    if not len(above):
        return 1.0
    last, width = int(above[-1]), round(0.04 * len(level))
    if last + width >= len(level) or last < width:
        return 1.0
    below = level[last - width : last + 1].max()
    fall = below - level[last + width]
    return (last + 1) / len(level) if fall > _EDGE_DB else 1.0


def _mirror(power: np.ndarray, rate: int) -> int | None:
    """The old rate about half of which the spectra are mirrored, or None."""
    level = 10 * np.log10(power + 1e-20)
    kernel = np.ones(9) / 9
    smooth = np.apply_along_axis(lambda row: np.convolve(row, kernel, "same"), 1, level)
    fine = level - smooth
    for old in _RATES:
        middle = old / rate * (power.shape[1] - 1)
        width = min(round(middle * 0.4), round((power.shape[1] - 1 - middle) * 0.8))
        if old >= rate or width < _FEWEST_BINS:
            continue
        low = np.arange(round(middle) - width, round(middle) - 3)
        pair = fine[:, low], fine[:, round(2 * middle) - low]
        if np.corrcoef(*(one.ravel() for one in pair))[0, 1] > _MIRRORED:
            return old
    return None
