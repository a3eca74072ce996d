"""Simulated runs: figures [runs, 41 evaluations, clips] of the same clips, lower is better.

In the population of clips the mean of every evaluation is 0, so nothing is truly better. The
deviation of a clip's difference from evaluation 0 is 1 (of the random walk at evaluation 20), which
is the unit of every gain.
"""

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import numpy as np

RECORDED = Path(__file__).parent / "recorded.tsv"
EVALUATIONS = 40
_CORRELATION = 0.9

Make = Callable[[np.random.Generator, int, int], np.ndarray]
"""Random numbers, runs and clips -> figures [runs, 1 + EVALUATIONS, clips]."""


def independent(random: np.random.Generator, runs: int, clips: int) -> np.ndarray:
    """New noise in every evaluation: weights that jump."""
    return np.asarray(random.standard_normal((runs, 1 + EVALUATIONS, clips)) / np.sqrt(2))


def heavy_tails(random: np.random.Generator, runs: int, clips: int) -> np.ndarray:
    """New noise of Student's distribution with 3 degrees of freedom in every evaluation."""
    return np.asarray(random.standard_t(3, (runs, 1 + EVALUATIONS, clips)) / np.sqrt(6))


def correlated(random: np.random.Generator, runs: int, clips: int) -> np.ndarray:
    """AR(1): an evaluation has 0.9 of the noise of the one before it."""
    figures = independent(random, runs, clips)
    for at in range(1, 1 + EVALUATIONS):
        figures[:, at] *= np.sqrt(1 - _CORRELATION**2)
        figures[:, at] += _CORRELATION * figures[:, at - 1]
    return figures


def random_walk(random: np.random.Generator, runs: int, clips: int) -> np.ndarray:
    """Each clip's figure drifts, some up and some down."""
    steps = random.standard_normal((runs, 1 + EVALUATIONS, clips)) / np.sqrt(EVALUATIONS / 2)
    return np.asarray(steps.cumsum(axis=1))


def one_draw(random: np.random.Generator, runs: int, clips: int) -> np.ndarray:
    """Every evaluation differs from the first in the same way, but for a tenth of noise."""
    return _lasting(random, random.standard_normal((runs, 1, clips)))


def skewed(random: np.random.Generator, runs: int, clips: int) -> np.ndarray:
    """Lasting log-normal differences: most clips a little better, a few much worse, mean 0."""
    drawn = np.exp(random.standard_normal((runs, 1, clips)))
    return _lasting(random, (drawn - np.sqrt(np.e)) / np.sqrt((np.e - 1) * np.e))


def recorded(random: np.random.Generator, runs: int, clips: int) -> np.ndarray:
    """Clips drawn from those of a real run, less the mean of each evaluation."""
    figures = recorded_figures()
    centred = figures - figures.mean(axis=1, keepdims=True)
    scale = (centred[EVALUATIONS // 2] - centred[0]).std()
    drawn = random.integers(figures.shape[1], size=(runs, clips))
    return np.asarray(np.moveaxis(centred[:, drawn], 0, 1) / scale)


@cache
def recorded_figures() -> np.ndarray:
    """Figures [evaluations, clips] of a real run: those of `record.py`."""
    return np.loadtxt(RECORDED, delimiter="\t")


def _lasting(random: np.random.Generator, change: np.ndarray) -> np.ndarray:
    runs, _, clips = change.shape
    noise = 0.1 * independent(random, runs, clips)
    noise[:, 1:] += change
    return noise


NULLS: Mapping[str, Make] = {
    "independent noise": independent,
    "heavy tails": heavy_tails,
    "AR(1), 0.9": correlated,
    "random walk": random_walk,
    "one draw of clips": one_draw,
    "recorded run": recorded,
    "skewed": skewed,
}
