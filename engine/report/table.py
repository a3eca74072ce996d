"""The result beside what it must beat: the figures before training, and those that cost nothing."""

from collections.abc import Mapping
from typing import TypeVar

from attrs import frozen

from engine.recipe.schema import Recipe
from engine.report.history import ENTRIES, History
from engine.report.words import figure
from engine.tracking.numbered import is_numbered

Value = TypeVar("Value")


@frozen
class Row:
    """One metric: the result, and the same before training and of each baseline, where known."""

    metric: str
    about: str
    """What the metric is, in the words of its system."""
    result: float | None
    others: tuple[str, ...]
    """The figure of each column of the table, ready to print; empty where there is none."""
    decides: bool
    """Whether this metric picked the best checkpoint."""


@frozen
class Table:
    """Metrics in rows; the result, the entry and the baselines in columns."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    remark: str | None
    """The comparison in a sentence, where a baseline has the metric that decides."""


def compare(history: History, recipe: Recipe) -> Table:
    """Set the result beside the untrained (or continued) weights and the no-learning baselines.

    Metrics that there is one of for each number stand in tables of their own.
    """
    columns = _columns(history)
    best = recipe.training.best.removeprefix("eval/")
    rows = [
        Row(
            metric=(short := name.removeprefix("eval/")),
            about=recipe.metrics.get(name, ""),
            result=value,
            others=tuple(figure(c[short]) if short in c else "" for c in columns.values()),
            decides=short == best,
        )
        for name, value in in_order(history.final, recipe).items()
        if not is_numbered(name)
    ]
    return Table(tuple(columns), tuple(rows), _remark(history, recipe, best, columns))


def in_order(metrics: Mapping[str, Value], recipe: Recipe) -> dict[str, Value]:
    """Put the metric that decides first, then those of the recipe in its system's order."""
    order = [recipe.training.best, *recipe.metrics, *sorted(metrics)]
    return {name: metrics[name] for name in dict.fromkeys(order) if name in metrics}


def _columns(history: History) -> dict[str, Mapping[str, float | None]]:
    """The columns beside the result: name to metrics."""
    columns: dict[str, Mapping[str, float | None]] = {
        entry: metrics for entry in ENTRIES if (metrics := history.standing(entry))
    }
    for path, value in history.standing("baseline").items():
        name, _, metric = path.partition("/")
        columns[name] = {**columns.get(name, {}), metric: value}
    return columns


def _remark(
    history: History, recipe: Recipe, best: str, columns: dict[str, Mapping[str, float | None]]
) -> str | None:
    result = history.final.get(f"eval/{best}")
    costless = {
        name: value
        for name, metrics in columns.items()
        if name not in ENTRIES and (value := metrics.get(best)) is not None
    }
    if result is None or not costless:
        return None
    sign = 1 if recipe.training.best_is == "lowest" else -1
    ranked = sorted(costless, key=lambda name: sign * costless[name])
    beaten = [name for name in ranked if sign * result < sign * costless[name]]
    unbeaten = [name for name in ranked if name not in beaten]
    said = f"{best} is {figure(result)}. Of what learns nothing it beats {_named(beaten, costless)}"
    said += f", but not {_named(unbeaten, costless)}." if unbeaten else "."
    return said + _untrained(columns, best)


def _named(names: list[str], figures: Mapping[str, float]) -> str:
    return ", ".join(f"{name} ({figure(figures[name])})" for name in names) or "nothing"


def _untrained(columns: dict[str, Mapping[str, float | None]], best: str) -> str:
    value = columns.get("untrained", {}).get(best)
    if value is None:
        return ""
    return (
        f" The untrained network has {figure(value)}; to beat that is no achievement, since "
        "anything that learns at all does."
    )
