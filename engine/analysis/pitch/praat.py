"""Praat's autocorrelation (Boersma, 1993), by praat-parselmouth: GPL-3, an extra of its own."""

from functools import cached_property

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
from engine.files.checksum import digest_of
from engine.files.packages import require_package

_VOICING_THRESHOLD = 0.6
"""Voicing threshold of RVC WebUI's method 'pm'."""


@frozen(slots=False)
class Praat:
    """`Sound.to_pitch_ac` with RVC WebUI's settings."""

    def __attrs_post_init__(self) -> None:
        self._version()

    @cached_property
    def digest(self) -> str:
        """Digest of the package's version: there are no weights."""
        return digest_of(["praat", self._version()])

    def __call__(self, samples: np.ndarray) -> np.ndarray:
        """Hz of each frame: see `PitchMethod`. Praat leaves out the ends: they are not voiced."""
        import parselmouth

        seconds = HOP_LENGTH / SAMPLE_RATE_HZ
        found = parselmouth.Sound(a_window_at_least(samples), SAMPLE_RATE_HZ).to_pitch_ac(
            time_step=seconds,
            voicing_threshold=_VOICING_THRESHOLD,
            pitch_floor=LOWEST_HZ,
            pitch_ceiling=HIGHEST_HZ,
        )
        hertz = found.selected_array["frequency"]
        first = round(found.xs()[0] / seconds)
        count = num_frames(len(samples))
        padded = np.pad(hertz, (first, max(0, count - first - len(hertz))))
        return limited(padded, len(samples))

    def _version(self) -> str:
        return require_package("parselmouth", "praat-parselmouth", "Pitch by 'praat'", "praat")
