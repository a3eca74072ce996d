"""Whether an evaluation is better than the best before it, by value or clip by clip."""

import math
from collections.abc import Mapping

import numpy as np
from attrs import field, frozen

from engine.evaluation.paired import CONFIDENCE, Difference, paired_difference
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
    """How two evaluations are compared."""

    metric: str
    lowest: bool
    paired: bool

    @property
    def clip_metric(self) -> str:
        """The metric's name in the figures of each clip: without `eval/`."""
        return self.metric.partition("/")[2]

    def score(self, step: int, evaluated: Evaluated) -> Score:
        """The score of an evaluation after so many steps."""
        return Score(step, evaluated.metrics[self.metric], evaluated.figures)

    def difference(
        self, new: Score, old: Score, confidence: float = CONFIDENCE
    ) -> Difference | None:
        """New minus old, clip by clip.

        None where the mean values are compared instead: where the recipe says so, without figures
        of each clip, with one clip, or where a clip's figure is not finite.
        """
        name = self.clip_metric
        if not self.paired or name not in new.per_clip or name not in old.per_clip:
            return None
        found = paired_difference(new.per_clip[name], old.per_clip[name], confidence)
        return found if found.num_clips > 1 and math.isfinite(found.mean) else None

    def is_better(self, new: Score, old: Score | None) -> bool:
        """Whether `new` replaces `old`. A value that is not finite never does, and is replaced."""
        if old is None:
            return True
        if not (math.isfinite(new.value) and math.isfinite(old.value)):
            return math.isfinite(new.value)
        difference = self.difference(new, old)
        if difference is not None:
            return difference.falls if self.lowest else difference.rises
        return new.value < old.value if self.lowest else new.value > old.value
