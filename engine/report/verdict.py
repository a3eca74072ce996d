"""The verdict: which result to keep, by what was compared; and what its value means, by the recipe.

What is better is found clip by clip, against the weights that a run began with and against every
baseline that learns nothing. The recipe's table speaks of the value alone, and only where no
comparison contradicts its row: elsewhere its words are left out.
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
"""What is kept of a result that is worse than what learns nothing, and of one without a number."""
_WORDS: Mapping[Outcome, str] = {
    "better": "better than",
    "worse": "worse than",
    "undecided": "not shown to be better than",
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
    metric: str = "the metric that picks the best"
    """By which it was compared."""
    others: Mapping[str, Outcome] = field(factory=dict)
    """What other metrics say of it against its parent."""
    by_value: Mapping[str, Outcome] = field(factory=dict)
    """What the metric of the recipe's table says of it against baselines, where that is another."""

    def baselines(self, outcome: Outcome) -> list[str]:
        """Those against which it came out so."""
        return [n for n, found in self.outcomes.items() if found == outcome and n != self.parent]


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
    """What `say` compares with: of several that which decides."""
    worse_than: tuple[str, ...] = ()
    """Baselines that are surely better, though they learn nothing."""
    level: str | None = None
    """What the value means by the recipe's table, where nothing contradicts that."""
    within: str | None = None
    """Between which of the table's cuts the value lies."""
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
    within: str


def reach_verdict(
    table: Verdict | None, metric: str, value: float | None, compared: Compared
) -> Conclusion | None:
    """Conclude from what was compared, and from the row of the table that `value` falls into.

    `metric` is that of the table, where there is one. None where nothing was compared and there is
    no table. A value that is no finite number falls into no row.
    """
    finite = None if value is None or not math.isfinite(value) else value
    row = None if table is None or finite is None else _row(table, finite, compared.name)
    if compared.outcomes:
        return _by_comparison(table, row, metric, finite, compared)
    if table is None:
        return None
    if row is None:
        waits = metric in LISTENING_RESULTS
        say = f"no verdict{' yet: nobody has listened' if waits else ': the metric is no number'}"
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
    """A table of n cuts has n + 1 rows. A value equal to a cut belongs to the row before it.

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
    """A parent that is not beaten, then what is better, then what is as good and costs nothing.

    Of baselines those can be kept that the table names; the others show what a result must beat.
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
    """What was compared, in words: with the parent first, then with what learns nothing."""
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
    """Which baselines are better by the metric of the table, though not by that which decides."""
    lost = [n for n, outcome in compared.by_value.items() if outcome == "worse"]
    lost = [name for name in lost if compared.outcomes.get(name) != "worse"]
    return f"; by {metric} it is worse than {listed_in_words(lost)}" if lost else ""


def _against_parent(compared: Compared) -> str:
    """The comparison with the parent, and which metrics say otherwise."""
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
    """The comparison with what learns nothing, in words, and whether the result beats it all."""
    worse, undecided = compared.baselines("worse"), compared.baselines("undecided")
    if worse or undecided:
        parts: Sequence[tuple[Outcome, list[str]]] = [("worse", worse), ("undecided", undecided)]
        said = [f"{_WORDS[outcome]} {listed_in_words(names)}" for outcome, names in parts if names]
        learn = "learns" if len(worse) + len(undecided) == 1 else "learn"
        return f"{' and '.join(said)}, which {learn} nothing", False
    return ("better than what learns nothing" if compared.baselines("better") else ""), True
