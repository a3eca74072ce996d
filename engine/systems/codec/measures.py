"""How good a decoded clip is, by every measure of the recipe, whatever decoded it."""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch

from engine.evaluation.unit import Unit
from engine.metrics.judges.available import judge_named, judge_units, missing
from engine.metrics.judges.judge import JudgedAudio
from engine.metrics.signal import amplitude_ratio, correlation, lag_samples, si_sdr_db, snr_db
from engine.nn.spectral import MelDistance, StftDistance

MEDIANS = ("snr_db", "si_sdr_db")
"""Figures of which the median over clips is given besides the mean."""
_MAX_LAG_SECONDS = 0.02

Figures = Mapping[str, Sequence[float]]
"""A figure for each clip, by the measure's name."""


class Measures:
    """Measures decoded clips against their originals."""

    def __init__(
        self,
        sample_rate_hz: int,
        judges: Sequence[str],
        mel: MelDistance,
        stft: StftDistance,
    ) -> None:
        self._rate, self._mel, self._stft = sample_rate_hz, mel, stft
        self.missing = missing(judges)
        """Judges that the recipe names and this machine does not have, each with the reason."""
        self.judges = tuple(name for name in judges if name not in self.missing)

    @property
    def judged_units(self) -> dict[str, Unit]:
        """The unit of each judged figure."""
        units = (judge_units(name, self._rate) for name in self.judges)
        return {figure: unit for found in units for figure, unit in found.items()}

    @torch.no_grad()
    def figures(self, original: np.ndarray, decoded: np.ndarray) -> dict[str, float]:
        """Every figure of one whole clip, float32 [samples] both."""
        figures = self.distances(original, decoded)
        audio = JudgedAudio(decoded, self._rate, original=original, voice=original)
        for name in self.judges:
            figures |= judge_named(name).score(audio)
        return figures

    @torch.no_grad()
    def distances(self, original: np.ndarray, decoded: np.ndarray) -> dict[str, float]:
        """The figures of one whole clip for which no judge is asked."""
        device = next(self._mel.buffers()).device
        x, y = (torch.from_numpy(a).to(device)[None, None] for a in (original, decoded))
        return {
            "snr_db": snr_db(original, decoded),
            "si_sdr_db": si_sdr_db(original, decoded),
            "mel": float(self._mel(y, x)),
            "stft": float(self._stft(y, x)),
            "amplitude_ratio": amplitude_ratio(original, decoded),
        }

    def alignment(self, original: np.ndarray, decoded: np.ndarray) -> dict[str, float]:
        """Correlation of float32 [samples], and the delay in samples at which it is largest."""
        max_lag = round(_MAX_LAG_SECONDS * self._rate)
        return {
            "correlation": correlation(original, decoded),
            "lag_samples": float(abs(lag_samples(original, decoded, max_lag))),
        }


def means_of(figures: Figures) -> dict[str, float]:
    """The mean of each measure over the clips that have a figure; NaN where no clip has one."""
    return {name: _over(np.mean, values) for name, values in figures.items()}


def medians_of(figures: Figures) -> dict[str, float]:
    """The medians of those measures whose mean a few clips may dominate."""
    return {f"{name}_median": _over(np.median, figures[name]) for name in MEDIANS}


def _over(statistic: Callable[..., np.floating], values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return float(statistic(known)) if known else math.nan
