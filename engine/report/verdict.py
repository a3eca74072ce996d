"""The verdict: what to do with a result, decided before the run by a table in the recipe."""

import math
from bisect import bisect_left
from typing import Any

from attrs import asdict, frozen

from engine.recipe.judgement import Verdict


@frozen
class Conclusion:
    """The row of the verdict that a value fell into."""

    metric: str
    value: float | None
    keep: str
    """The recipe whose result is kept."""
    say: str
    """The verdict in words."""

    def facts(self) -> dict[str, Any]:
        """Plain values for an event."""
        return asdict(self)


def reach_verdict(verdict: Verdict, value: float | None) -> Conclusion:
    """Find the row that `value` falls into.

    n cuts make n + 1 rows. A value equal to a cut belongs to the row before it: with cuts
    [0.95, 1.0] the rows are (-inf, 0.95], (0.95, 1.0] and (1.0, inf). A value that is no finite
    number falls into none: nothing is kept.
    """
    if value is None or not math.isfinite(value):
        return Conclusion(verdict.metric, None, "nothing", "no verdict: the metric is no number")
    row = bisect_left(verdict.cuts, value)
    return Conclusion(verdict.metric, value, verdict.keep[row], verdict.say[row])
