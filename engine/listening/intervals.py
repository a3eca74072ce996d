"""Means of ratings with intervals, paired within listener and clip."""

import math
from collections import defaultdict
from collections.abc import Mapping
from typing import NewType

import numpy as np
from attrs import frozen

from engine.evaluation.paired import CONFIDENCE, Difference, paired_difference

Cell = NewType("Cell", tuple[str, str])
"""A listener and a clip."""
FEW_LISTENERS = 3
"""Fewest listeners for an interval over listeners."""


@frozen
class Share:
    """How often X was identified correctly: an exact binomial test against guessing."""

    right: int
    of: int
    p: float
    """Probability of as many or more by guessing."""
    low: float
    """Ends of the exact 95 % confidence interval of the share (Clopper and Pearson, 1934)."""
    high: float


def mean_difference(ours: Mapping[Cell, float], theirs: Mapping[Cell, float]) -> Difference | None:
    """The difference of ratings by the same listeners of the same clips, or None."""
    both = {cell: ours[cell] - theirs[cell] for cell in ours if cell in theirs}
    return mean_of(both)


def mean_of(values: Mapping[Cell, float]) -> Difference | None:
    """The mean over clips, with the wider of two intervals; None without values.

    Student's interval over the clips' means covers other clips with these listeners; the one over
    the listeners' means, from three on, covers other listeners with these clips.
    """
    if not values:
        return None
    by_clip = _means({cell: cell[1] for cell in values}, values)
    by_listener = _means({cell: cell[0] for cell in values}, values)
    found = paired_difference(by_clip, np.zeros(len(by_clip)))
    if len(by_listener) < FEW_LISTENERS:
        return found
    over = paired_difference(by_listener, np.zeros(len(by_listener)))
    half = max(found.high - found.mean, over.high - over.mean)
    return Difference(found.mean, found.mean - half, found.mean + half, found.num_clips)


def share_right(right: int, of: int) -> Share:
    """An exact binomial test, one-sided, of `right` among `of` answers."""
    from scipy.special import bdtrc, betaincinv

    tail = (1 - CONFIDENCE) / 2
    low = float(betaincinv(right, of - right + 1, tail)) if right else 0.0
    high = float(betaincinv(right + 1, of - right, 1 - tail)) if right < of else 1.0
    p = float(bdtrc(right - 1, of, 0.5)) if right else 1.0
    return Share(right, of, p, low, high)


def finite(value: float) -> float | None:
    """A number for JSON: None for an infinite end of an interval."""
    return value if math.isfinite(value) else None


def _means(groups: Mapping[Cell, str], values: Mapping[Cell, float]) -> np.ndarray:
    grouped: dict[str, list[float]] = defaultdict(list)
    for cell, group in groups.items():
        grouped[group].append(values[cell])
    return np.array([np.mean(each) for each in grouped.values()])
