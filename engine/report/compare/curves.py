"""Curves of several runs on one axis: phases one after the other, other runs from one start."""

from collections.abc import Iterator, Sequence
from typing import Any

from engine.report.chart import Chart, Drawing, Level, Line
from engine.report.compare.runs import ComparedRun
from engine.report.curves import baselines, short_name, shown_metrics
from engine.tracking.numbered import numbered_tables

_ALONG_PHASES = "step; a phase follows the one that it continues"


def compared_curves(runs: Sequence[ComparedRun]) -> list[Drawing]:
    """A drawing of each metric; runs whose figures cannot be compared have drawings of their own.

    The metrics that pick the best checkpoint come first.
    """
    begins = first_steps(runs)
    charts = [
        _chart(metric, group, begins)
        for metric in _metrics(runs)
        for group in _comparable(metric, runs)
    ]
    return [chart.drawn() for chart in (*charts, *_over_numbers(runs)) if chart.lines]


def first_steps(runs: Sequence[ComparedRun]) -> dict[str, int]:
    """The first step of each run on the axis: a phase begins where its parent on the page ends."""
    named = {run.name: run for run in runs}

    def begin(run: ComparedRun, seen: tuple[str, ...] = ()) -> int:
        parent = named.get(run.parent or "")
        if parent is None or parent.name in (*seen, run.name):
            return 0
        return begin(parent, (*seen, run.name)) + _last_step(parent)

    return {run.name: begin(run) for run in runs}


def _last_step(run: ComparedRun) -> int:
    return max((event.step for event in run.history.events), default=0)


def _metrics(runs: Sequence[ComparedRun]) -> list[str]:
    shown = [shown_metrics(run.history, run.files.recipe) for run in runs]
    best = [run.best for run, names in zip(runs, shown, strict=True) if run.best in names]
    names = dict.fromkeys([*best, *(name for one in shown for name in one)])
    evaluated = {short_name(name) for name in names if name.startswith("eval/")}
    return [n for n in names if n.startswith("eval/") or short_name(n) not in evaluated]


def _comparable(metric: str, runs: Sequence[ComparedRun]) -> Iterator[list[ComparedRun]]:
    """Runs of one system, of one evaluation set and in one unit."""
    short, groups = short_name(metric), dict[Any, list[ComparedRun]]()
    for run in runs:
        if run.history.curve(metric)[0]:
            unit = run.unit(short) or run.name  # one that is not known equals no other
            key = (run.files.recipe.system, str(run.evaluation_set), str(unit))
            groups.setdefault(key, []).append(run)
    yield from groups.values()


def _chart(metric: str, runs: Sequence[ComparedRun], begins: dict[str, int]) -> Chart:
    short = short_name(metric)
    evaluated = metric.startswith("eval/")
    lines = []
    for run in runs:
        begin = begins[run.name]
        if evaluated:
            lines.append(Line(run.name, _points(run, metric, begin), run.number))
        trained = _points(run, f"train/{short}", begin)
        title = f"{run.name} in training"
        lines.append(Line(title, trained, run.number, decides=not evaluated))
    later = [run for run in runs if begins[run.name]]
    return Chart(
        short,
        [line for line in lines if line.points],
        _levels(runs, short),
        starts=[(begins[run.name], run.name) for run in later],
        across=_ALONG_PHASES if later else "step",
    )


def _points(run: ComparedRun, name: str, begin: int) -> list[tuple[float, float]]:
    return [(begin + step, value) for step, value in zip(*run.history.curve(name), strict=True)]


def _levels(runs: Sequence[ComparedRun], short: str) -> list[Level]:
    """Untrained baselines, which are equal for all runs of an evaluation set."""
    found = {level.title: level for run in runs for level in baselines(run.history, short)}
    return list(found.values())


def _over_numbers(runs: Sequence[ComparedRun]) -> Iterator[Chart]:
    """Charts of figures over a number, such as the distance of a codec over its bitrate."""
    titled = {
        (p.title, p.table, p.x, p.y) for run in runs for p in run.files.recipe.plots if p.title
    }
    for title, table, x, y in sorted(titled):
        for group in _comparable(f"eval/{y}", runs):
            lines = [Line(run.name, _pairs(run, table, x, y), run.number) for run in group]
            lines = [line for line in lines if line.points]
            if lines:
                yield Chart(title, lines, across=x)


def _pairs(run: ComparedRun, table: str, x: str, y: str) -> list[tuple[float, float]]:
    rows = numbered_tables(run.history.final).get(table, [])
    pairs = [(row.get(x), row.get(y)) for row in rows]
    return sorted((a, b) for a, b in pairs if a is not None and b is not None)
