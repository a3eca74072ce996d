"""The verdict: which result to keep, by comparisons; and the level of its value, by the recipe.

A result is compared clip by clip with the initial weights and with every untrained baseline. The
recipe's table describes the value alone, and only where no comparison contradicts its row:
elsewhere its words are left out.
"""

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import asdict, field, frozen

from engine.evaluation.paired import Outcome
from engine.recipe.judgement import OWN, Verdict
from engine.recipe.metric_names import LISTENING_RESULTS
from engine.report.words import listed_in_words

NOTHING = "nothing"
"""Kept where a result is worse than an untrained baseline, or not finite."""
_WORDS: Mapping[Outcome, str] = {
    "better": "better than",
    "worse": "worse than",
    "undecided": "not shown to be better than",
}


@frozen
class Compared:
    """A run's result, and the outcomes of its comparisons on the same clips."""

    name: str
    """The recipe's name."""
    outcomes: Mapping[str, Outcome] = field(factory=dict)
    """Outcomes by what it was compared with: the initial weights, and baselines."""
    parent: str | None = None
    """The recipe whose weights the run began with, if any."""
    metric: str = "the metric that picks the best"
    """The metric of the comparisons."""
    others: Mapping[str, Outcome] = field(factory=dict)
    """Outcomes against the parent by other metrics."""
    by_value: Mapping[str, Outcome] = field(factory=dict)
    """Outcomes against baselines by the metric of the recipe's table, where it differs."""

    def baselines(self, outcome: Outcome) -> list[str]:
        """The baselines with this outcome."""
        return [n for n, found in self.outcomes.items() if found == outcome and n != self.parent]


@frozen(kw_only=True)
class Conclusion:
    """The verdict on a result, and the result to keep."""

    metric: str
    value: float | None
    keep: str
    """The recipe or the baseline whose result is kept."""
    say: str
    """The verdict in words."""
    against: str | None = None
    """The result that `say` compares with; of several the deciding one."""
    worse_than: tuple[str, ...] = ()
    """Untrained baselines that are significantly better."""
    level: str | None = None
    """The level of the value by the recipe's table, where no comparison contradicts it."""
    within: str | None = None
    """The cuts of the table between which the value lies, in words."""
    proposed: str | None = None
    """The result that the table's row would keep, where it differs from `keep`."""

    def facts(self) -> dict[str, Any]:
        """Plain values for an event."""
        return asdict(self)


@frozen
class _Row:
    """The row of a verdict's table that a value falls into."""

    keep: str
    say: str
    within: str


def reach_verdict(
    table: Verdict | None, metric: str, value: float | None, compared: Compared
) -> Conclusion | None:
    """Conclude from the comparisons, and from the row of the table that `value` falls into.

    `metric` is that of the table, where there is one. None where nothing was compared and there is
    no table. A value that is not finite falls into no row.
    """
    finite = None if value is None or not math.isfinite(value) else value
    row = None if table is None or finite is None else _row(table, finite, compared.name)
    if compared.outcomes:
        return _by_comparison(table, row, metric, finite, compared)
    if table is None:
        return None
    if row is None:
        waits = metric in LISTENING_RESULTS
        say = f"no verdict{' yet: nobody has listened' if waits else ': the metric is not finite'}"
        return Conclusion(metric=metric, value=None, keep=NOTHING, say=say)
    own = row.keep == compared.name
    return Conclusion(
        metric=metric,
        value=finite,
        keep=compared.name,
        say=row.say if own else f"not compared with {row.keep}",
        within=row.within,
        proposed=None if own else row.keep,
    )


def _row(table: Verdict, value: float, name: str) -> _Row:
    """The row of a value. A table of n cuts has n + 1 rows; a cut belongs to the row before it.

    With cuts [0.95, 1.0] the rows are (-inf, 0.95], (0.95, 1.0] and (1.0, inf).
    """
    place = bisect_left(table.cuts, value)
    keep = OWN if table.keep is None else table.keep[place]
    ends = [f"above {table.cuts[place - 1]:g}"] if place else []
    ends += [f"at most {table.cuts[place]:g}"] if place < len(table.cuts) else []
    return _Row(name if keep == OWN else keep, table.say[place], " and ".join(ends))


def _by_comparison(
    table: Verdict | None, row: _Row | None, metric: str, value: float | None, compared: Compared
) -> Conclusion:
    beaten = _is_parent_beaten(compared, metric)
    keep = _kept(table, row, compared, beaten)
    agrees = row is not None and row.keep == keep
    found = {*compared.outcomes.values(), *compared.by_value.values()}
    sure = keep != compared.name or found == {"better"}
    rivals = [keep, compared.parent, *compared.baselines("worse"), *compared.outcomes]
    return Conclusion(
        metric=metric,
        value=value,
        keep=keep,
        say=_headline(compared) + _lost_by_value(compared, metric),
        against=next(one for one in rivals if one in compared.outcomes),
        worse_than=tuple(compared.baselines("worse")),
        level=row.say if row is not None and agrees and sure else None,
        within=row.within if row is not None else None,
        proposed=row.keep if row is not None and not agrees else None,
    )


def _is_parent_beaten(compared: Compared, metric: str) -> bool:
    """Whether the result is better than its parent, and not worse by the verdict's own metric."""
    if compared.parent is None:
        return True
    better = compared.outcomes[compared.parent] == "better"
    return better and compared.others.get(metric) != "worse"


def _kept(table: Verdict | None, row: _Row | None, compared: Compared, beaten: bool) -> str:
    """The result to keep: an unbeaten parent, then a better result, then an equal baseline.

    Only baselines that the table names can be kept; the others show what a result must beat.
    """
    if compared.parent is not None and not beaten:
        return compared.parent
    named = () if table is None else dict.fromkeys(table.keep or ())
    worse = compared.baselines("worse")
    better = [name for name in named if name in worse]
    as_good = compared.baselines("undecided")
    as_good = [row.keep] if row is not None and row.keep in as_good else []
    nothing = [NOTHING] if worse and compared.parent is None else []
    return next(iter([*better, *as_good, *nothing]), compared.name)


def _headline(compared: Compared) -> str:
    """The comparisons in words: with the parent first, then with untrained baselines."""
    floors, fair = _against_baselines(compared)
    if compared.parent is None:
        return floors
    said = _against_parent(compared)
    if not floors:
        return said
    better = compared.outcomes[compared.parent] == "better"
    if better and fair:
        return f"{said}{',' if compared.others else ''} and {floors}"
    return f"{said}, {'but' if better else 'though' if fair else 'and'} {floors}"


def _lost_by_value(compared: Compared, metric: str) -> str:
    """Baselines that are better by the table's metric only, in words."""
    lost = [n for n, outcome in compared.by_value.items() if outcome == "worse"]
    lost = [name for name in lost if compared.outcomes.get(name) != "worse"]
    return f"; by {metric} it is worse than {listed_in_words(lost)}" if lost else ""


def _against_parent(compared: Compared) -> str:
    """The comparison with the parent, and the metrics that contradict it."""
    outcome = compared.outcomes[compared.parent or ""]
    said = f"{_WORDS[outcome]} {compared.parent}"
    otherwise = {"better": ("worse",), "worse": ("better",), "undecided": ("better", "worse")}
    parts = [
        f"{word} by {listed_in_words(metrics)}"
        for word in otherwise[outcome]
        if (metrics := [name for name, found in compared.others.items() if found == word])
    ]
    return f"{said} by {compared.metric}, but {' and '.join(parts)}" if parts else said


def _against_baselines(compared: Compared) -> tuple[str, bool]:
    """The comparison with untrained baselines in words, and whether the result beats them all."""
    worse, undecided = compared.baselines("worse"), compared.baselines("undecided")
    if worse or undecided:
        parts: Sequence[tuple[Outcome, list[str]]] = [("worse", worse), ("undecided", undecided)]
        said = [f"{_WORDS[outcome]} {listed_in_words(names)}" for outcome, names in parts if names]
        verb = "is" if len(worse) + len(undecided) == 1 else "are"
        return f"{' and '.join(said)}, which {verb} not trained", False
    return ("better than all baselines" if compared.baselines("better") else ""), True
