"""Rules that call an evaluation better: figures [runs, 41, clips] -> called [runs, 40].

Cantus's own rule is `together`. The others are what it is compared with.
"""

from collections.abc import Callable, Mapping

import numpy as np
from scipy.special import stdtrit

from engine.evaluation.paired import CONFIDENCE

ONE_SIDE = (1 - CONFIDENCE) / 2
_PRIOR = 1.0
"""Variance of the effect size, in standard deviations, that the e-values are mixed over."""

Called = np.ndarray
Rule = Callable[[np.ndarray], Called]


def each_alone(figures: np.ndarray) -> Called:
    """The rule until now: an interval of 95 % at each evaluation."""
    return _chain(figures, np.full(figures.shape[1] - 1, ONE_SIDE))


def together(figures: np.ndarray) -> Called:
    """Cantus: the intervals of all evaluations of the run hold at once (Bonferroni)."""
    count = figures.shape[1] - 1
    return _chain(figures, np.full(count, ONE_SIDE / count))


def open_ended(figures: np.ndarray) -> Called:
    """The k-th evaluation gets 1 / (k (k + 1)) of the error rate: for runs without a known end."""
    at = np.arange(1, figures.shape[1])
    return _chain(figures, ONE_SIDE / (at * (at + 1)))


def mean_of_e_values(figures: np.ndarray) -> Called:
    """The mean of an e-value for each evaluation of the run reaches 20.

    Means of e-values are e-values however they depend on each other (Vovk and Wang, 2021), and
    those that are still to come count as 0.
    """
    means, deviations = _moments(figures)
    clips, count = figures.shape[2], figures.shape[1] - 1
    t = means / deviations * np.sqrt(clips)
    evidence = np.exp(_log_e_value(t, clips)).cumsum(axis=1) / count
    found: Called = (t < 0) & (evidence >= 0.5 / ONE_SIDE)
    return found


def as_new_clips(figures: np.ndarray) -> Called:
    """An e-process that takes the clips of every evaluation for new ones: it promises too much."""
    differences = figures[:, 1:] - figures[:, :1]
    number = figures.shape[2] * np.arange(1, figures.shape[1])
    sums = differences.sum(axis=2).cumsum(axis=1)
    squares = (differences**2).sum(axis=2).cumsum(axis=1)
    deviations = np.sqrt((squares - sums**2 / number) / (number - 1))
    t = sums / number / deviations * np.sqrt(number)
    found: Called = (t < 0) & (_log_e_value(t, number) >= np.log(0.5 / ONE_SIDE))
    return found


RULES: Mapping[str, Rule] = {
    "each alone (until now)": each_alone,
    "all at once (Cantus)": together,
    "1/(k(k+1))": open_ended,
    "mean of e-values": mean_of_e_values,
    "e-process, as if new clips": as_new_clips,
}


def covered(figures: np.ndarray) -> np.ndarray:
    """Whether all intervals against evaluation 0, which hold at once, contain 0: [runs]."""
    means, deviations = _moments(figures)
    clips, count = figures.shape[2], figures.shape[1] - 1
    half = stdtrit(clips - 1, 1 - ONE_SIDE / count) * deviations / np.sqrt(clips)
    inside: np.ndarray = (np.abs(means) <= half).all(axis=1)
    return inside


def _chain(figures: np.ndarray, errors: np.ndarray) -> Called:
    """Student's interval against the last evaluation that was called better, at first the 0th."""
    runs, evaluations, clips = figures.shape
    called = np.zeros((runs, evaluations - 1), bool)
    reference = figures[:, 0].copy()
    for at, error in enumerate(errors):
        differences = figures[:, at + 1] - reference
        reach = float(stdtrit(clips - 1, 1 - error)) / np.sqrt(clips)
        better = differences.mean(axis=1) < -reach * differences.std(axis=1, ddof=1)
        called[:, at] = better
        reference[better] = figures[better, at + 1]
    return called


def _moments(figures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means and deviations [runs, evaluations] of the differences from evaluation 0."""
    differences = figures[:, 1:] - figures[:, :1]
    return differences.mean(axis=2), differences.std(axis=2, ddof=1)


def _log_e_value(t: np.ndarray, number: np.ndarray | int) -> np.ndarray:
    """The logarithm of an e-value for a mean of 0 from Student's t of so many differences.

    A normal mixture over effect sizes, whatever the variance (Lai, 1976; Wang and Ramdas, 2024;
    as a Bayes factor: Gönen and others, 2005).
    """
    wider = 1 + number * _PRIOR
    inner = np.log1p(t**2 / (number - 1)) - np.log1p(t**2 / (number - 1) / wider)
    log: np.ndarray = number / 2 * inner - np.log(wider) / 2
    return log
