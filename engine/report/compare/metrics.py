"""Metrics side by side: values, differences clip by clip, and the better one where there is one."""

from collections.abc import Sequence

from attrs import frozen

from engine.recipe.metric_names import described, direction_of
from engine.report.compare.runs import ComparedRun, ComparedRuns
from engine.report.words import figure
from engine.tracking.numbered import is_numbered


@frozen
class Cell:
    """The value of a run, and its difference from the first run that it is compared with."""

    value: str
    difference: str
    """The difference with its interval; empty where nothing is compared."""
    is_better: bool
    """Whether the run is better than every other run that has the metric."""
    is_worse: bool
    """Whether the run is worse than one of them."""


@frozen
class Row:
    """A metric of all runs."""

    metric: str
    about: str
    has_direction: bool
    """Whether all runs agree that lower or higher values are better; `about` says which."""
    decides: bool
    cells: tuple[Cell, ...]


def metric_rows(compared: ComparedRuns) -> list[Row]:
    """Every metric of the runs: first those that pick the best, then those with a direction."""
    names = dict.fromkeys(name for run in compared.runs for name in _metrics(run))
    best = dict.fromkeys(run.best for run in compared.runs)
    rows = [_row(name, compared) for name in {**best, **names}]
    kept = [row for row in rows if any(cell.value for cell in row.cells)]
    return sorted(kept, key=lambda row: (not row.decides, not row.has_direction))


def _metrics(run: ComparedRun) -> list[str]:
    known = [*run.files.recipe.metrics, *run.history.final]
    if run.is_finished:
        known += [n.replace(".", "/") for n in run.files.figures if n.startswith("eval.")]
    return [name for name in known if name.startswith("eval/") and not is_numbered(name)]


def _row(metric: str, compared: ComparedRuns) -> Row:
    having = [run for run in compared.runs if run.value(metric) is not None]
    about = next((a for run in having if (a := described(metric, run.files.recipe))), "")
    sides = {direction_of(metric, run.files.recipe) for run in having}
    return Row(
        metric=metric.removeprefix("eval/"),
        about=about,
        has_direction=len(sides) == 1 and None not in sides,
        decides=any(run.best == metric for run in having),
        cells=tuple(_cell(metric, run, having, compared) for run in compared.runs),
    )


def _cell(
    metric: str, run: ComparedRun, having: Sequence[ComparedRun], compared: ComparedRuns
) -> Cell:
    if run not in having:
        return Cell("", "", is_better=False, is_worse=False)
    others = [other for other in having if other is not run]
    outcomes = [compared.outcome(metric, run, other) for other in others]
    first = next((o for o in having if compared.of(metric, run, o) is not None), run)
    found = compared.of(metric, run, first) if first.number < run.number else None
    return Cell(
        figure(run.value(metric)),
        "" if found is None else found.difference.in_brief,
        is_better=bool(others) and all(outcome == "better" for outcome in outcomes),
        is_worse="worse" in outcomes,
    )
