"""Evaluations until a true gain is called better, by each rule and by patience."""

from collections.abc import Iterator

import numpy as np

from benchmarks.always_valid.promise import CLIPS, Row, batches
from benchmarks.always_valid.rules import RULES, Called
from benchmarks.always_valid.runs import NULLS, Make, correlated, independent

GAINS = (0.25, 0.5, 1.0)
PATIENCES = (3, 5, 10)
_AT = 11
"""The first evaluation with the gain: ten had none."""


def price(runs: int) -> Iterator[Row]:
    """For each gain: runs that call it by the 40th evaluation, and the median evaluations until."""
    for clips in CLIPS:
        for make in (independent, correlated):
            name = next(title for title, one in NULLS.items() if one is make)
            for gain in GAINS:
                found: Row = {"clips": clips, "noise": name, "gain": str(gain)}
                yield found | _row(make, runs, clips, gain)


def _row(make: Make, runs: int, clips: int, gain: float) -> Row:
    waits: dict[str, list[np.ndarray]] = {}
    random = np.random.default_rng([clips, round(100 * gain)])
    for drawn in batches(runs):
        figures = make(random, drawn, clips)
        figures[:, _AT:] -= gain
        for title, rule in [*RULES.items()][:4]:
            waits.setdefault(title, []).append(_waits(rule(figures)))
        for most in PATIENCES:
            waits.setdefault(f"patience {most}", []).append(_patient(figures, most))
    return {title: _said(np.concatenate(found)) for title, found in waits.items()}


def _waits(called: Called) -> np.ndarray:
    """Evaluations until the first with the gain is called: 1 is at once, inf is never."""
    since = called[:, _AT - 1 :]
    return np.where(since.any(axis=1), 1.0 + since.argmax(axis=1), np.inf)


def _patient(figures: np.ndarray, most: int) -> np.ndarray:
    """Waits for a new lowest mean, in runs that stop after so many evaluations without one."""
    means = figures.mean(axis=2)
    lowest = np.minimum.accumulate(means, axis=1)
    lower = means[:, 1:] < lowest[:, :-1]
    last = np.maximum.accumulate(np.where(lower, np.arange(1, means.shape[1]), 0), axis=1)
    over = (np.arange(1, means.shape[1]) - last >= most).cumsum(axis=1) > 0
    running = np.pad(~over, ((0, 0), (1, 0)), constant_values=True)[:, :-1]
    return _waits(lower & running)


def _said(waits: np.ndarray) -> str:
    """The share of runs that call the gain, and the median evaluations of those."""
    reached = waits[np.isfinite(waits)]
    middle = f", after {np.median(reached):.0f}" if len(reached) else ""
    return f"{len(reached) / len(waits):.0%}{middle}".replace("%", " %")
