"""Intervals of skewed differences: how often one that errs in 6.25 of 10,000 tests does so.

Student's is compared with Hall's correction for skewness (*On the Removal of Skewness by
Transformation*, 1992), and with asking both.
"""

from collections.abc import Iterator

import numpy as np
from scipy.special import stdtrit

from benchmarks.always_valid.promise import CLIPS, Row, batches
from benchmarks.always_valid.rules import ONE_SIDE
from benchmarks.always_valid.runs import EVALUATIONS, recorded_figures

_ERROR = ONE_SIDE / EVALUATIONS
_GAIN = 0.5


def skew(tests: int) -> Iterator[Row]:
    """Tests of a mean of 0 that find it below 0, and tests of a true gain that find it."""
    for clips in CLIPS:
        random = np.random.default_rng(clips)
        ends = [_ends(_recorded_pairs(random, drawn, clips)) for drawn in batches(tests)]
        student, hall, gain = (np.concatenate(parts) for parts in zip(*ends, strict=True))
        for name, high in (
            ("Student", student),
            ("Hall", hall),
            ("both", np.maximum(student, hall)),
        ):
            false, found = (high < 0).mean(), (high < gain).mean()
            yield {
                "clips": clips,
                "interval": name,
                "tests": tests,
                "false, of 10,000": f"{10_000 * false:.1f}",
                "gains of 0.5 found": f"{found:.0%}".replace("%", " %"),
            }


def _recorded_pairs(random: np.random.Generator, tests: int, clips: int) -> np.ndarray:
    """Differences [tests, clips] of two evaluations of the recorded run, of mean 0 over all."""
    table = recorded_figures() - recorded_figures().mean(axis=1, keepdims=True)
    first = random.integers(len(table), size=(tests, 1))
    second = (first + random.integers(1, len(table), size=(tests, 1))) % len(table)
    drawn = random.integers(table.shape[1], size=(tests, clips))
    return np.asarray(table[first, drawn] - table[second, drawn])


def _ends(differences: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Upper ends [tests] of Student's and of Hall's interval, and the gain that is planted."""
    clips = differences.shape[1]
    mean, deviation = differences.mean(axis=1), differences.std(axis=1, ddof=1)
    third = ((differences - mean[:, None]) ** 3).mean(axis=1) / differences.std(axis=1) ** 3
    reach = float(stdtrit(clips - 1, _ERROR)) / np.sqrt(clips)
    hall = 3 / third * (np.cbrt(1 + third * (reach - third / (6 * clips))) - 1)
    return mean - deviation * reach, mean - deviation * hall, _GAIN * deviation
