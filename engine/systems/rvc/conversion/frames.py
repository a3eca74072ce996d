"""From source audio to the networks' input: content, retrieval, protection, pitch."""

from typing import NamedTuple

import numpy as np

from engine.analysis.pitch.coarse import coarse_bins, interpolate_unvoiced
from engine.analysis.pitch.method import HOP_LENGTH
from engine.systems.rvc.conversion.voice import Voice, Wishes

_NO_PROTECTION = 0.5


class Frames(NamedTuple):
    """Input of the networks, 100 frames a second."""

    content: np.ndarray
    """float32 [T, dim]"""
    f0: np.ndarray | None
    """Hz, float32 [T]; None of a model without pitch."""
    f0_coarse: np.ndarray | None
    """Bins, int64 [T]."""


def frames_of(
    voice: Voice, samples: np.ndarray, f0: np.ndarray | None, semitones: float, wishes: Wishes
) -> Frames:
    """The networks' input for samples float32 [n] and their pitch [T] in Hz, 0 unvoiced."""
    plain = voice.content(samples)
    blended = _retrieved(voice, plain, wishes.index_rate)
    num_frames = min(len(samples) // HOP_LENGTH, 2 * len(plain))
    content = np.repeat(blended, 2, axis=0)[:num_frames]
    if f0 is None:
        return Frames(content, None, None)
    f0 = f0[:num_frames]
    if wishes.protect < _NO_PROTECTION and blended is not plain:
        # By the voicing that was measured: interpolated pitch shows no unvoiced frames.
        share = np.where(f0 > 0, 1.0, wishes.protect).astype(np.float32)[:, None]
        content = content * share + np.repeat(plain, 2, axis=0)[:num_frames] * (1 - share)
    moved = transposed(voice, f0, semitones)
    return Frames(content, moved, coarse_bins(moved))


def transposed(voice: Voice, f0: np.ndarray, semitones: float) -> np.ndarray:
    """The pitch [T] in Hz of the voice, in the form in which the model was trained."""
    moved = f0 * np.float32(2 ** (semitones / 12))
    return interpolate_unvoiced(moved) if voice.unvoiced == "interpolate" else moved


def _retrieved(voice: Voice, features: np.ndarray, rate: float) -> np.ndarray:
    if voice.retrieval is None or rate == 0:
        return features
    share = np.float32(rate)
    blend: np.ndarray = share * voice.retrieval(features) + (1 - share) * features
    return blend
