"""STOI (Taal et al., 2011) by the package pystoi: how intelligible speech is, by its original."""

import math
import warnings
from collections.abc import Mapping
from importlib.metadata import version

from attrs import frozen

from engine.files.packages import PackagedWeights
from engine.metrics.judges.judge import JudgedAudio, Setup

WEIGHTS = PackagedWeights("pystoi", "pystoi", {}, install="uv pip install pystoi")
_SHORTEST_SECONDS = 0.4
"""30 frames of 25.6 ms, half overlapping, over which STOI correlates envelopes."""


def setup(sample_rate_hz: int) -> Setup:  # noqa: ARG001
    """At 10 kHz, to which pystoi resamples by SciPy's polyphase filter with Octave's window."""
    return Setup(10_000, resampler=f"scipy {version('scipy')} (resample_oct of pystoi)")


@frozen(eq=False)
class Stoi:
    """Short-time objective intelligibility."""

    def score(self, audio: JudgedAudio) -> Mapping[str, float]:
        """One figure, up to 1; nan of an original of zeros or without 0.4 s of loud frames."""
        from pystoi import stoi as measure

        original, samples = audio.pair()
        if audio.seconds < _SHORTEST_SECONDS or not original.any():
            return {"stoi": math.nan}
        with warnings.catch_warnings():
            warnings.filterwarnings("error", "Not enough STFT frames", RuntimeWarning)
            try:
                return {"stoi": float(measure(original, samples, audio.sample_rate_hz))}
            except RuntimeWarning:
                return {"stoi": math.nan}


def load() -> Stoi:
    """The judge, whose package `WEIGHTS.fault` has found to be there."""
    return Stoi()
