"""PESQ (ITU-T P.862) by the package pesq: quality of speech beside its original.

Wide band (P.862.2) at 16 kHz from there on, narrow band (P.862.1) at 8 kHz below: different scales.
"""

import math
from collections.abc import Mapping

import numpy as np
from attrs import frozen

from engine.files.packages import PackagedWeights
from engine.metrics.judges.judge import LOWEST_MOS, JudgedAudio, Setup, resampled

WEIGHTS = PackagedWeights(
    "pesq",
    "pesq",
    {},
    imports=("pesq",),
    install="uv pip install pesq, which needs a C compiler",
)


def setup(sample_rate_hz: int) -> Setup:
    """Wide band from 16 kHz on, else narrow band."""
    return Setup(16_000, "wb") if sample_rate_hz >= 16_000 else Setup(8_000, "nb")


_SHORTEST_SECONDS = 0.25
_LONGEST_SECONDS = 15.0
"""PESQ keeps 50 utterances and writes beyond them: a longer clip can take the process down."""


@frozen(eq=False)
class Pesq:
    """Measures a long clip in equal parts, and takes the mean of those that have a figure."""

    def score(self, audio: JudgedAudio) -> Mapping[str, float]:
        """One figure, 1 to 4.64; nan without speech, or of less than a quarter of a second."""
        if audio.seconds < _SHORTEST_SECONDS:
            return {"pesq": math.nan}
        how = setup(audio.sample_rate_hz)
        rate, band = how.sample_rate_hz, how.mode
        x, y = (
            resampled(clip.astype(np.float64), audio.sample_rate_hz, rate) for clip in audio.pair()
        )
        num_parts = max(1, math.ceil(len(x) / (_LONGEST_SECONDS * rate)))
        parts = zip(np.array_split(x, num_parts), np.array_split(y, num_parts), strict=True)
        figures = [_of_part(*part, rate, band) for part in parts]
        found = [figure for figure in figures if not math.isnan(figure)]
        return {"pesq": float(np.mean(found)) if found else math.nan}


def load() -> Pesq:
    """The judge, whose package `WEIGHTS.fault` has found to be there."""
    return Pesq()


def _of_part(original: np.ndarray, samples: np.ndarray, rate: int, band: str) -> float:
    from pesq import BufferTooShortError, NoUtterancesError
    from pesq import pesq as measure

    silent = JudgedAudio(samples, rate).silent
    try:
        # The original in place of silence, for which PESQ divides by zero: is there speech at all?
        figure = float(measure(rate, original, original if silent else samples, band))
    except (NoUtterancesError, BufferTooShortError):
        return math.nan
    return LOWEST_MOS if silent else figure
