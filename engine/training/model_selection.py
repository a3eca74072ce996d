"""Which of two evaluations is kept, and whether it is shown to be better.

These are two questions. Kept is the one with the better mean over the clips, which of all rules
that were tried loses least (docs/truth/better.md). "Better" is said only where the interval of the
differences clip by clip, which holds at all evaluations of a run at once, is on the better side.
"""

import math
from collections.abc import Mapping

import numpy as np
from attrs import field, frozen

from engine.evaluation.paired import Difference, paired_difference
from engine.training.system import Evaluated

PerClip = Mapping[str, np.ndarray]
"""Figures [clips] by the name of the metric without `eval/`."""


@frozen(eq=False)
class Score:
    """An evaluation: when, the value of the metric that decides, and every figure of each clip."""

    step: int
    value: float
    per_clip: PerClip = field(factory=dict)


@frozen
class SelectionRule:
    """How two evaluations of a run are compared."""

    metric: str
    lowest: bool
    paired: bool
    comparisons: int = 1
    """Evaluations of the run: the intervals of all of them hold at once."""

    @property
    def clip_metric(self) -> str:
        """The metric's name in the figures of each clip: without `eval/`."""
        return self.metric.partition("/")[2]

    def score(self, step: int, evaluated: Evaluated) -> Score:
        """The score of an evaluation after so many steps."""
        return Score(step, evaluated.metrics[self.metric], evaluated.figures)

    def own(self, score: Score) -> Score:
        """The score with each clip's figure of the rule's own metric alone."""
        name = self.clip_metric
        own = {name: score.per_clip[name]} if name in score.per_clip else {}
        return Score(score.step, score.value, own)

    def difference(self, new: Score, old: Score) -> Difference | None:
        """New minus old, clip by clip; None where there is no interval (`why_by_value`)."""
        return None if self.why_by_value(new, old) else self._difference(new, old)

    def why_by_value(self, new: Score, old: Score) -> str | None:
        """Why values alone are compared: a phrase; None where clips are."""
        if not self.paired:
            return "training.best_by is 'value'"
        if any(self.clip_metric not in score.per_clip for score in (new, old)):
            return "the metric has no figure of each clip"
        return self._difference(new, old).why_no_interval

    def is_better(self, new: Score, old: Score | None) -> bool:
        """Whether `new` is kept rather than `old`: by its mean over the clips, or by its value.

        A value that is not finite never is, and is replaced.
        """
        if old is None:
            return True
        if not (math.isfinite(new.value) and math.isfinite(old.value)):
            return math.isfinite(new.value)
        difference = self.difference(new, old)
        change = new.value - old.value if difference is None else difference.mean
        return change < 0 if self.lowest else change > 0

    def is_shown_better(self, new: Score, old: Score | None) -> bool:
        """Whether `new` is better by its interval, or by its value where there is none."""
        difference = self.difference(new, old) if old else None
        if difference is None:
            return self.is_better(new, old)
        return difference.outcome(lowest=self.lowest) == "better"

    def said(self, new: Score, old: Score) -> str:
        """The comparison in words."""
        why = self.why_by_value(new, old)
        if why is None:
            return self._difference(new, old).sentence(lowest=self.lowest)
        outcome = "better" if self.is_better(new, old) else "not better"
        return f"{new.value:.4g} after {old.value:.4g}: {outcome} by its value alone ({why})"

    def _difference(self, new: Score, old: Score) -> Difference:
        name = self.clip_metric
        return paired_difference(new.per_clip[name], old.per_clip[name]).over(self.comparisons)
