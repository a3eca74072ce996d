"""SwiftF0 (swift-f0): an ONNX network of 0.1 MB in its package, the fastest on a CPU."""

from functools import cache, cached_property
from typing import Any

import numpy as np
from attrs import frozen

from engine.analysis.pitch.method import (
    HIGHEST_HZ,
    HOP_LENGTH,
    LOWEST_HZ,
    SAMPLE_RATE_HZ,
    a_window_at_least,
    limited,
    num_frames,
)
from engine.files.packages import packaged_digest, require_package

_VOICED = 0.5
"""Confidence from which on a frame is voiced, as the package is calibrated."""


@frozen(slots=False)
class SwiftF0:
    """SwiftF0, whose frames of 16 ms are brought to 10 ms."""

    def __attrs_post_init__(self) -> None:
        require_package("swift_f0", "swift-f0", "Pitch by 'swift_f0'")

    @cached_property
    def digest(self) -> str:
        """Digest of the package's version and weights."""
        version = require_package("swift_f0", "swift-f0", "Pitch by 'swift_f0'")
        return packaged_digest("swift_f0", version, "model.onnx")

    def __call__(self, samples: np.ndarray) -> np.ndarray:
        """Hz of each frame: see `PitchMethod`."""
        found = _detector().detect(
            a_window_at_least(samples), SAMPLE_RATE_HZ, fmin=LOWEST_HZ, fmax=HIGHEST_HZ
        )
        wanted = np.arange(num_frames(len(samples))) * (HOP_LENGTH / SAMPLE_RATE_HZ)
        voiced = found.confidence >= _VOICED
        return limited(_at(wanted, found.timestamps, found.pitch_hz, voiced), len(samples))


def _at(
    wanted: np.ndarray, seconds: np.ndarray, hertz: np.ndarray, voiced: np.ndarray
) -> np.ndarray:
    """Hz at other times: of voiced frames alone, between them on a line in octaves.

    A moment is voiced where the frame next to it is.
    """
    if not voiced.any():
        return np.zeros(len(wanted))
    octaves = np.interp(wanted, seconds[voiced], np.log2(hertz[voiced]))
    nearest = np.rint(np.interp(wanted, seconds, np.arange(len(seconds)))).astype(np.int64)
    return np.where(voiced[nearest], 2.0**octaves, 0.0)


@cache
def _detector() -> Any:
    from swift_f0 import SwiftF0 as Detector

    return Detector(threads=1, spin=False)
