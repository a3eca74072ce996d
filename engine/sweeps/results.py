"""The table of a sweep: every point against the recipe as it is, the best first."""

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence

from attrs import evolve, field, frozen

from engine.report.paired_runs import PairedMetric, compare_runs
from engine.report.run_files import RunFiles
from engine.report.words import figure
from engine.sweeps.points import Point
from engine.tracking.shown_metrics import short_name

NOT_TRAINED = "it was not trained yet"
"""Why a run has no result that is still to come; every other run without one failed."""


@frozen
class Row:
    """The result of one point."""

    name: str
    values: Mapping[str, str]
    kind: str
    """`base`, `point`, or `baseline`, which learns nothing."""
    figures: Sequence[float]
    """The metric of each finished run, in the order of seeds."""
    against: PairedMetric | None = None
    """Compared with the base."""
    left_out: str = ""
    """Why it is not compared: a phrase."""
    failures: Mapping[str, str] = field(factory=dict)
    """Why a run has no result, by experiment."""

    @property
    def mean(self) -> float:
        """Mean over the finished runs; nan where there is none."""
        return statistics.fmean(self.figures) if self.figures else math.nan

    @property
    def spread(self) -> str:
        """The figure, or the mean of several and how far they lie apart."""
        if not self.figures:
            return "no result"
        if len(self.figures) == 1:
            return figure(self.figures[0])
        low, high = min(self.figures), max(self.figures)
        return f"{figure(self.mean)} ({figure(low)} to {figure(high)})"

    @property
    def difference(self) -> str:
        """Against the base, with its interval, or why there is none."""
        return self.left_out if self.against is None else self.against.difference.in_brief

    @property
    def outcome(self) -> str:
        """What the interval says, in a word or two."""
        if self.against is None:
            return ""
        found = self.against.outcome
        return "no difference shown" if found in (None, "undecided") else str(found)


@frozen
class Results:
    """A sweep's rows, and what they say."""

    metric: str
    lowest: bool
    num_points: int
    seeds: Sequence[int]
    rows: Sequence[Row]
    sentences: Sequence[str]


def results_of(
    points: Sequence[Point],
    runs: Sequence[Mapping[int, RunFiles]],
    failures: Mapping[str, str],
    seeds: Sequence[int],
) -> Results:
    """Compare each point with the first, which is the recipe as it is.

    The winner of N points is picked by the very clips and seeds that it is measured on, so the
    intervals of N points hold at once, as those of N evaluations of a run do. Raises UserError
    where a file of a run is damaged.
    """
    training = points[0].recipe.training
    metric, lowest = training.best, training.best_is == "lowest"
    looks = max(1, len(points) - 1)
    base = [*runs[0].values()]
    lost = [_failed(point, failures, seeds) for point in points]
    of_base = _of_seeds(base, lost[0]) if base else None
    rows = [
        _row(point, found, of_base, metric, looks, failed)
        for point, found, failed in zip(points, runs, lost, strict=True)
    ]
    rows += _baselines(base, metric)
    rows.sort(key=lambda row: _place(row, lowest))
    said = [*_sentences(rows, metric, looks, len(base))]
    return Results(metric, lowest, looks, seeds, rows, said)


def _failed(point: Point, failures: Mapping[str, str], seeds: Sequence[int]) -> Mapping[str, str]:
    """Why runs of a point failed, by experiment."""
    names = map(point.experiment, seeds)
    return {name: failures[name] for name in names if name in failures}


def _row(
    point: Point,
    runs: Mapping[int, RunFiles],
    base: RunFiles | None,
    metric: str,
    looks: int,
    failures: Mapping[str, str],
) -> Row:
    values = [run.result(metric) for run in runs.values()]
    figures = [value for value in values if value is not None and math.isfinite(value)]
    against, why = None, ""
    if runs and base is not None and not point.is_base:
        paired = compare_runs(_of_seeds([*runs.values()], failures), base)
        against, why = paired.compared.get(metric), paired.left_out.get(metric, "")
    strict = None if against is None else _allowing_for(looks, against)
    kind = "base" if point.is_base else "point"
    return Row(point.name, point.values, kind, figures, strict, why, failures)


def _of_seeds(runs: Sequence[RunFiles], failures: Mapping[str, str]) -> RunFiles:
    """The first of a recipe's runs, with those of its other seeds where there are any.

    A run that failed counts as one that a guard stopped: DVC says of neither more than that.
    """
    failed = sum(why != NOT_TRAINED for why in failures.values())
    return evolve(runs[0], seeds=tuple(runs) if len(runs) > 1 else (), num_stopped=failed)


def _allowing_for(looks: int, compared: PairedMetric) -> PairedMetric:
    """With the interval of so many looks, for all of which 95 % holds."""
    return evolve(compared, difference=compared.difference.over(looks))


def _baselines(base: Sequence[RunFiles], metric: str) -> Iterator[Row]:
    """What learns nothing and has the metric; each run of the base has the same."""
    if not base:
        return
    wanted = metric.partition("/")[2].replace("/", ".")
    for path, value in base[0].figures.items():
        kind, _, rest = path.partition(".")
        name, _, what = rest.partition(".")
        if kind == "baseline" and what == wanted and isinstance(value, int | float):
            ceiling = " (a ceiling)" if name in base[0].recipe.ceilings else ""
            yield Row(f"{name}, nothing trained{ceiling}", {}, "baseline", [value])


def _sentences(rows: Sequence[Row], metric: str, looks: int, num_base: int) -> Iterator[str]:
    """What may be said of the sweep: the winner, what it beats, and of what that holds."""
    yield from _lost(rows)
    if not num_base:
        yield "The recipe as it is has no result: nothing is compared with it."
        return
    compared = [row for row in rows if row.against is not None]
    best = next((row for row in compared if row.outcome == "better"), None)
    name = short_name(metric)
    if not compared:
        yield "No point could be compared with the recipe as it is."
    elif best is None:
        yield f"No point is shown to be better than the recipe as it is by {name}."
    else:
        yield f"{best.name} is better than the recipe as it is by {name}: {best.difference}."
    yield from map(_withheld, (row for row in compared if row.against and row.against.is_withheld))
    yield from _scope(compared, looks)


def _withheld(row: Row) -> str:
    """Why a point is called neither better nor worse though the figures differ."""
    assert row.against is not None
    (failed, of), (base_failed, of_base) = row.against.shares
    return (
        f"{row.name} is {row.against.of_finished} over the runs that finished, but {failed} of its "
        f"{of} runs failed, and {base_failed} of {of_base} of the recipe as it is: that with the "
        "larger share is not called better."
    )


def _scope(compared: Sequence[Row], looks: int) -> Iterator[str]:
    """Sentences: what the intervals hold for."""
    if not compared:
        return
    if looks > 1:
        yield (
            f"Intervals allow for {looks} points (Bonferroni): that all of them hold at once has "
            "a chance of 95 %."
        )
    spoken_of = {row.against.speaks_of for row in compared if row.against is not None}
    if "weights" in spoken_of:
        yield (
            "Trained with one seed, this holds of these weights, not of these recipes: another "
            "seed may turn it round. Repeat with --seeds 3."
        )
    elif spoken_of == {"recipes"}:
        yield "Intervals are over seeds and clips, so this holds of these recipes."
    else:
        yield (
            "Intervals are over seeds and clips. A recipe of which one seed finished borrows the "
            "spread over seeds of the one that it is compared with."
        )
    remarks = {_few(row) for row in compared} - {""}
    yield from (f"{remark[0].upper()}{remark[1:]}." for remark in sorted(remarks))


def _few(row: Row) -> str:
    """A remark where a comparison is of few seeds or clips."""
    return "" if row.against is None else row.against.difference.few.removeprefix("; ")


def _lost(rows: Sequence[Row]) -> Iterator[str]:
    for row in rows:
        for experiment, why in row.failures.items():
            yield f"{experiment} ({row.name}) has no result: {why}"


def _place(row: Row, lowest: bool) -> tuple[bool, float]:
    """Where a row stands: the best first, those without a result last."""
    return (False, row.mean if lowest else -row.mean) if row.figures else (True, 0.0)
