"""The verdict: which result to keep, by what was compared; and what its value means, by the recipe.

What is better is found clip by clip, against the weights that a run began with and against what
learns nothing. The recipe's table speaks of the value alone: where it would keep another result
than the comparison does, the comparison stands and the words of its row are left out.
"""

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import asdict, field, frozen

from engine.evaluation.paired import Outcome
from engine.recipe.judgement import OWN, Verdict
from engine.recipe.metric_names import LISTENING_RESULTS

_WORDS: Mapping[Outcome, str] = {
    "better": "better than {}",
    "worse": "worse than {}",
    "undecided": "not shown to be better than {}",
}


@frozen
class Compared:
    """A run's result, and what came of holding it against others on the same clips."""

    name: str
    """The recipe."""
    outcomes: Mapping[str, Outcome] = field(factory=dict)
    """Of each that it was held against: the weights it began with, and baselines."""
    parent: str | None = None
    """The one whose weights it began with, if any."""


@frozen(kw_only=True)
class Conclusion:
    """What a result is, and which result is kept."""

    metric: str
    value: float | None
    keep: str
    """The recipe or the baseline whose result is kept."""
    say: str
    """The verdict in words."""
    against: str | None = None
    """What `say` compares with."""
    level: str | None = None
    """What the value means by the recipe's table, where `say` says something else."""
    proposed: str | None = None
    """What the row of the table would have kept, where that is something else."""

    def facts(self) -> dict[str, Any]:
        """Plain values for an event."""
        return asdict(self)


@frozen
class _Row:
    """The row of a verdict's table that a value falls into."""

    keep: str
    say: str


def reach_verdict(
    table: Verdict | None, metric: str, value: float | None, compared: Compared
) -> Conclusion | None:
    """Conclude from what was compared, and from the row of the table that `value` falls into.

    `metric` is that of the table, where there is one. None where nothing was compared and there is
    no table. A value that is no finite number falls into no row.
    """
    finite = None if value is None or not math.isfinite(value) else value
    row = None if table is None or finite is None else _row(table, finite, compared.name)
    rivals = _rivals(table, compared)
    if rivals:
        return _by_comparison(row, metric, finite, compared, rivals)
    if table is None:
        return None
    if row is None:
        waits = metric in LISTENING_RESULTS
        say = (
            "no verdict yet: nobody has listened"
            if waits
            else "no verdict: the metric is no number"
        )
        return Conclusion(metric=metric, value=None, keep="nothing", say=say)
    if row.keep == compared.name:
        return Conclusion(metric=metric, value=finite, keep=row.keep, say=row.say)
    say = f"not compared with {row.keep}"
    return Conclusion(metric=metric, value=finite, keep=compared.name, say=say, proposed=row.keep)


def _row(table: Verdict, value: float, name: str) -> _Row:
    """A table of n cuts has n + 1 rows. A value equal to a cut belongs to the row before it.

    With cuts [0.95, 1.0] the rows are (-inf, 0.95], (0.95, 1.0] and (1.0, inf).
    """
    place = bisect_left(table.cuts, value)
    keep = OWN if table.keep is None else table.keep[place]
    return _Row(name if keep == OWN else keep, table.say[place])


def _rivals(table: Verdict | None, compared: Compared) -> list[str]:
    """What the result may have to give way to: its parent, and what the table would keep."""
    named = () if table is None else table.keep or ()
    first = [] if compared.parent is None else [compared.parent]
    return [name for name in dict.fromkeys([*first, *named]) if name in compared.outcomes]


def _by_comparison(
    row: _Row | None, metric: str, value: float | None, compared: Compared, rivals: Sequence[str]
) -> Conclusion:
    keep = _kept(row, compared, rivals)
    against = keep if keep in rivals else rivals[0]
    agrees = row is not None and row.keep == keep
    return Conclusion(
        metric=metric,
        value=value,
        keep=keep,
        say=_WORDS[compared.outcomes[against]].format(against),
        against=against,
        level=row.say if row is not None and agrees else None,
        proposed=row.keep if row is not None and not agrees else None,
    )


def _kept(row: _Row | None, compared: Compared, rivals: Sequence[str]) -> str:
    """A parent that is not beaten, then what is better, then what is as good and costs nothing."""
    outcomes = compared.outcomes
    parent = compared.parent
    if parent is not None and outcomes[parent] != "better":
        return parent
    better = [name for name in rivals if outcomes[name] == "worse"]
    as_good = [row.keep] if row and row.keep in rivals and outcomes[row.keep] == "undecided" else []
    return next(iter([*better, *as_good]), compared.name)
