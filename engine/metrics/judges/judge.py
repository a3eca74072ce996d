"""A judge: a model or a program of others that gives audio figures."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from attrs import frozen

SAMPLE_RATE_HZ = 16_000
"""Sample rate that most judges take."""

LOWEST_MOS = 1.0
"""The least of the scale from 1 (bad) to 5 (excellent): that of silence."""

_SHORTEST_SECONDS = 0.1
"""In less there is no word, and some networks have no frame."""
_FAINTEST = 2.0**-24
"""Half a step of 24 bits: below it a clip counts as zeros."""


@frozen(eq=False)
class JudgedAudio:
    """A clip, and what it is judged against."""

    samples: np.ndarray
    """Float32 [samples] within -1 to 1."""
    sample_rate_hz: int
    """Sample rate of all recordings of this object."""
    original: np.ndarray | None = None
    """The recording [samples] it should equal, sample for sample."""
    voice: np.ndarray | None = None
    """Any recording [samples] of the speaker whose voice it should have."""
    text: str = ""
    """Text that the clip should say."""

    @property
    def seconds(self) -> float:
        """How long the clip is."""
        return len(self.samples) / self.sample_rate_hz

    @property
    def too_short(self) -> bool:
        """Whether it is over before a word could be said."""
        return self.seconds < _SHORTEST_SECONDS

    def pair(self) -> tuple[np.ndarray, np.ndarray]:
        """The original and the clip, for judges that compare them sample for sample."""
        assert self.original is not None, "there is no original to compare with"
        sizes = f"{self.samples.shape} against {self.original.shape}"
        assert self.samples.ndim == 1, f"a clip has one dimension, not {self.samples.shape}"
        assert self.samples.shape == self.original.shape, sizes
        assert np.isfinite(self.original + self.samples).all(), "samples that are not finite"
        return self.original, self.samples

    @property
    def silent(self) -> bool:
        """Whether there is nothing but zeros, or nothing at all."""
        return bool(np.abs(self.samples).max(initial=0.0) < _FAINTEST)


@frozen
class Setup:
    """How a judge takes clips of one sample rate: part of its figures' unit."""

    sample_rate_hz: int = SAMPLE_RATE_HZ
    """The rate that clips are brought to."""
    mode: str = ""
    """Which of the judge's scales the figures are on, where it has several."""
    resampler: str = ""
    """What brings clips to that rate, where it is not `resampled`."""
    version: int = 1
    """Number that is raised when a change of Cantus's code gives the same clips other figures."""


class Judge(Protocol):
    """Judges audio on the CPU, the same clip always alike.

    Its figures, what it needs and the languages it knows are in engine/recipe/judges.py.
    """

    def score(self, audio: JudgedAudio) -> Mapping[str, float]:
        """Every figure of the judge, by name.

        nan: the judge has no figure for this clip, because it is too short or nobody speaks in it.
        Silence where speech should be has the lowest figure, not none.
        """
        ...


def resampled(audio: np.ndarray, from_hz: int, to_hz: int = SAMPLE_RATE_HZ) -> np.ndarray:
    """Audio [samples], float32 or float64, at the rate of a judge."""
    import soxr

    at_rate: np.ndarray = soxr.resample(audio, from_hz, to_hz)
    return at_rate
