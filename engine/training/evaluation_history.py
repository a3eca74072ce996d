"""Guards over several evaluations: whether a metric has stopped improving, or keeps rising."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import define, field
from torch import Tensor

from engine.recipe.judgement import Guard
from engine.training.model_selection import Score, SelectionRule
from engine.training.state import Saved, as_arrays, as_tensors
from engine.training.trend import Trend, falls, trend

FALSE_STOPS = 0.01
"""The most runs without any true change that a gap guard stops, over all their evaluations."""
STILL_BETTER = 0.4
"""A metric is improving where no true change would show as much in fewer than 40 of 100."""
_WINDOWS = 4
"""A rise too slow to be found within gap_steps is looked for over up to so many times as long."""


@define
class EvaluationHistory:
    """The memory of one guard from one evaluation to the next."""

    scores: list[Score] = field(factory=list)
    """The latest evaluations, with each clip's figure of the guard's own metric alone."""
    trained: list[tuple[int, float]] = field(factory=list)
    """The steps and values of the training metric that a gap is looked for in."""

    def look(self, guard: Guard, rule: SelectionRule, new: Score) -> str | None:
        """Remember an evaluation; return the guard's condition in words where it does not hold."""
        self.scores.append(rule.own(new))
        if guard.plateau_steps is not None:
            self._forget(new.step - guard.plateau_steps)
            return self._plateau(guard.plateau_steps, rule)
        assert guard.gap_steps is not None, "the recipe's checks demand exactly one condition"
        self._forget(new.step - _WINDOWS * guard.gap_steps)
        return self._gap(guard, guard.gap_steps, rule)

    def state(self) -> Saved:
        """Plain values, and the figures [clips] of the evaluations that have some, by place."""
        pairs = [[score.step, score.value] for score in self.scores]
        figures = {
            str(place): one for place, of in enumerate(self.scores) for one in of.per_clip.values()
        }
        return Saved([pairs, self.trained], as_tensors(figures))

    def load(self, plain: Any, tensors: Mapping[str, Tensor], rule: SelectionRule) -> None:
        """Take over what `state` gave."""
        *_, pairs, trained = plain  # older checkpoints begin with a count of evaluations
        figures = as_arrays(tensors)
        self.trained = [(step, value) for step, value in trained]
        self.scores = [
            Score(step, value, {rule.clip_metric: figures[at]} if at in figures else {})
            for at, (step, value) in ((str(place), pair) for place, pair in enumerate(pairs))
        ]

    def _plateau(self, steps: int, rule: SelectionRule) -> str | None:
        if self.scores[-1].step - self.scores[0].step < steps:
            return None
        better = "fall" if rule.lowest else "rise"
        condition = f"it must {better} within {steps} steps"
        finite = _finite(self.scores)
        if len(finite) < 2:
            return f"{condition}, and has no finite values"
        found = trend(finite, rule.clip_metric if rule.paired else None)
        threshold = STILL_BETTER if found.degrees else 1.0
        if found.chance(lower=rule.lowest) < threshold:
            return None
        changed = found.sentence(rule.comparisons)
        return f"{condition}; it changed by {changed}{_rate(found, rule.comparisons)}"

    def _gap(self, guard: Guard, steps: int, rule: SelectionRule) -> str | None:
        """Whether the metric rose from the lowest evaluation at least so many steps ago.

        Tested again and again, and from the lowest of several starts, a rise by chance would
        be found sooner or later: the error rate allowed in all is divided among the evaluations
        of the run and among the starts (Bonferroni).
        """
        finite = _finite(self.scores)
        starts = [at for at, one in enumerate(finite) if one.step <= self.scores[-1].step - steps]
        if not starts:
            return None
        lowest = min(starts, key=lambda at: finite[at].value)
        found = trend(finite[lowest:], rule.clip_metric if rule.paired else None)
        allowed = FALSE_STOPS / (rule.comparisons * len(starts))
        since = [pair for pair in self.trained if pair[0] >= finite[lowest].step]
        if found.chance(lower=False) >= allowed or not falls(since):
            return None
        return (
            f"it must not rise over {steps} steps while {guard.gap} falls; it changed by "
            f"{found.sentence(rule.comparisons)}"
        )

    def _forget(self, step: int) -> None:
        """Keep the last evaluation at `step` or earlier, and what came after it."""
        earlier = sum(score.step <= step for score in self.scores)
        del self.scores[: max(earlier - 1, 0)]
        self.trained = [pair for pair in self.trained if pair[0] >= self.scores[0].step]


def _finite(scores: Sequence[Score]) -> list[Score]:
    return [score for score in scores if math.isfinite(score.value)]


def _rate(found: Trend, comparisons: int) -> str:
    """How often a run that still gets better is stopped, in words."""
    missed = found.missed(STILL_BETTER, comparisons)
    if not math.isfinite(missed):
        return ""
    return (
        f"; of runs whose metric truly changes by {missed:.2g} in as many steps, at most 5 of 100 "
        "are stopped"
    )
