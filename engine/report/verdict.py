"""The verdict: what to do with a result, decided before the run by a table in the recipe."""

import math
from bisect import bisect_left
from collections.abc import Collection
from typing import Any

from attrs import asdict, frozen

from engine.recipe.schema import Verdict


@frozen
class Conclusion:
    """The row of the verdict that a value fell into."""

    metric: str
    value: float | None
    keep: str
    """The recipe whose result is kept."""
    say: str
    """The verdict in words."""
    remark: str | None = None
    """A sentence where the recipe to keep was measured on other clips."""

    def facts(self) -> dict[str, Any]:
        """Plain values for an event."""
        return asdict(self)


def reach_verdict(
    verdict: Verdict, value: float | None, foreign: Collection[str] = ()
) -> Conclusion:
    """Find the row that `value` falls into.

    n cuts make n + 1 rows. A value equal to a cut belongs to the row before it: with cuts
    [0.95, 1.0] the rows are (-inf, 0.95], (0.95, 1.0] and (1.0, inf). A value that is no finite
    number falls into none: nothing is kept. `foreign` are recipes whose figures are of another
    evaluation set: a row that keeps one of them says that the two cannot be compared.
    """
    if value is None or not math.isfinite(value):
        return Conclusion(verdict.metric, None, "nothing", "no verdict: the metric is no number")
    row = bisect_left(verdict.cuts, value)
    keep = verdict.keep[row]
    remark = None
    if keep in foreign:
        remark = (
            f"The figures of {keep} are of another evaluation set and cannot be compared with "
            "these: evaluate both on the same clips before one is kept for the other."
        )
    return Conclusion(verdict.metric, value, keep, verdict.say[row], remark)
