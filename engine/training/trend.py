"""The trend of a metric over several evaluations of the same clips, and its uncertainty."""

import math
from collections.abc import Sequence

import numpy as np
from attrs import frozen

from engine.evaluation.paired import CONFIDENCE
from engine.training.model_selection import Score


@frozen
class Trend:
    """The change of a metric from the first evaluation to the last, by least-squares lines."""

    change: float
    error: float
    """Standard error of the change."""
    degrees: int
    """Degrees of freedom of that error; 0 where only two values are known."""
    steps: int
    """Steps from the first evaluation to the last."""

    def chance(self, *, lower: bool) -> float:
        """Probability that a metric without a trend changes at least this much, to that side.

        Student's t (1908), one-sided. 1 where it stays or changes to the other side.
        """
        change = -self.change if lower else self.change
        if not change > 0:
            return 1.0
        if not self.degrees:
            return 0.5
        if not self.error > 0:
            return 0.0
        from scipy.special import stdtr  # half a second to import

        return float(stdtr(self.degrees, -change / self.error))

    def missed(self, threshold: float, comparisons: int) -> float:
        """The true change that so many tests miss, any of them, in at most 5 of 100 runs.

        Missed: its `chance` is not below `threshold`.
        """
        if not self.degrees:
            return math.inf
        from scipy.special import stdtrit

        seen = 1 - (1 - CONFIDENCE) / comparisons
        far = float(stdtrit(self.degrees, 1 - threshold) + stdtrit(self.degrees, seen))
        return far * self.error

    def sentence(self, comparisons: int) -> str:
        """The change in words, with its interval: 95 % for so many comparisons at once."""
        if not self.degrees:
            return f"{self.change:+.3g} in {self.steps} steps, of two values"
        from scipy.special import stdtrit

        half = float(stdtrit(self.degrees, 1 - (1 - CONFIDENCE) / 2 / comparisons)) * self.error
        low, high = self.change - half, self.change + half
        noise = "" if low > 0 or high < 0 else ", indistinguishable from noise"
        over = f" over {comparisons:,} comparisons" if comparisons > 1 else ""
        return (
            f"{self.change:+.3g} in {self.steps} steps "
            f"({CONFIDENCE:.0%} CI {low:+.3g} to {high:+.3g}{over}{noise})".replace("%", " %")
        )


def trend(scores: Sequence[Score], name: str | None) -> Trend:
    """The trend of at least two evaluations, in their order.

    Clip by clip where all have finite figures [clips] called `name`: a line of least squares
    through each clip's figures, whose changes are compared as `paired_difference` does. Else of the
    line through the values, whose error follows from how far these lie from it.
    """
    steps = np.array([score.step for score in scores], np.float64)
    figures = _per_clip(scores, name)
    if figures is None:
        return _of_values(steps, np.array([score.value for score in scores]))
    changes = _changes(steps, figures)
    error = float(changes.std(ddof=1)) / math.sqrt(len(changes))
    return Trend(float(changes.mean()), error, len(changes) - 1, _span(steps))


def falls(pairs: Sequence[tuple[int, float]]) -> bool:
    """Whether the line of least squares through pairs of step and value falls; not through one."""
    if len(pairs) < 2:
        return False
    steps, values = np.array(pairs, np.float64).T
    return bool(_changes(steps, values) < 0)


def _of_values(steps: np.ndarray, values: np.ndarray) -> Trend:
    change, degrees = _changes(steps, values), len(steps) - 2
    if not degrees:
        return Trend(float(change), 0.0, 0, _span(steps))
    centred = steps - steps.mean()
    beside = values - values.mean() - change / _span(steps) * centred
    noise = math.sqrt(float(beside @ beside) / degrees)
    error = noise * _span(steps) / math.sqrt(float(centred @ centred))
    return Trend(float(change), error, degrees, _span(steps))


def _per_clip(scores: Sequence[Score], name: str | None) -> np.ndarray | None:
    """Figures [evaluations, clips] of at least two clips; None where an evaluation lacks them."""
    if name is None or any(name not in score.per_clip for score in scores):
        return None
    figures = np.stack([score.per_clip[name] for score in scores]).astype(np.float64)
    return figures if figures.shape[1] > 1 and np.isfinite(figures).all() else None


def _changes(steps: np.ndarray, figures: np.ndarray) -> np.ndarray:
    """Least-squares slopes of `figures` [evaluations, ...], times the steps they span."""
    centred = steps - steps.mean()
    slopes: np.ndarray = np.tensordot(centred, figures, 1) / (centred @ centred)
    return slopes * _span(steps)


def _span(steps: np.ndarray) -> int:
    return int(steps[-1] - steps[0])
