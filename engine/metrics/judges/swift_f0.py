"""SwiftF0 (Nieradzik, 2025): how high a voice is, and how much its pitch moves."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from attrs import frozen

from engine.files.packages import PackagedWeights
from engine.metrics.judges.judge import SAMPLE_RATE_HZ, JudgedAudio, resampled
from engine.metrics.pitch import median_f0

WEIGHTS = PackagedWeights(
    "swift_f0",
    "swift-f0",
    {"model.onnx": "6385e8c2ebc3872e82c9ff5946228de44cd3be77a750ea53698b7dbfe94b0a22"},
    imports=("onnxruntime",),
    runs_on=("onnxruntime",),
)
_VOICED = 0.5
"""Confidence from which on a frame is voiced, as the package is calibrated."""
_LOWEST_HZ, _HIGHEST_HZ = 50.0, 1100.0
_WINDOW = 1024
"""Samples that the network wants at least."""


@frozen(eq=False)
class SwiftF0:
    """Describes a voice; no value of it is better by itself."""

    def score(self, audio: JudgedAudio) -> Mapping[str, float]:
        """Median in Hz, and standard deviation in semitones; nan where no frame has a voice."""
        f0 = f0_of(audio.samples, audio.sample_rate_hz)
        voiced = f0[f0 > 0]
        spread = float(np.std(12.0 * np.log2(voiced))) if len(voiced) else np.nan
        return {"f0_median_hz": median_f0(f0), "f0_spread_semitones": spread}


def load() -> SwiftF0:
    """The judge, whose weights `WEIGHTS.fault` has found to be there."""
    return SwiftF0()


def f0_of(samples: np.ndarray, sample_rate_hz: int) -> np.ndarray:
    """Hz of each frame of 16 ms of a clip [samples], 0 where it has no voice."""
    at_16k = resampled(samples, sample_rate_hz)
    at_16k = np.pad(at_16k, (0, max(0, _WINDOW - len(at_16k))))
    found = _detector().detect(at_16k, SAMPLE_RATE_HZ, fmin=_LOWEST_HZ, fmax=_HIGHEST_HZ)
    return np.where(found.confidence >= _VOICED, found.pitch_hz, 0.0)


@cache
def _detector() -> Any:
    from swift_f0 import SwiftF0 as Detector

    return Detector(threads=1, spin=False)
