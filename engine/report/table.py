"""The table of results beside the initial weights and the untrained baselines."""

from collections.abc import Mapping
from typing import TypeVar

from attrs import frozen

from engine.evaluation.paired import Outcome
from engine.recipe.metric_names import described
from engine.recipe.schema import Recipe
from engine.report.history import ENTRIES, History
from engine.report.words import figure
from engine.tracking.numbered import is_numbered

Value = TypeVar("Value")


@frozen
class Row:
    """One metric: the result, its value before training, and that of each baseline, where known."""

    metric: str
    about: str
    """The metric's description by its system, with its direction."""
    result: float | None
    others: tuple[str, ...]
    """The figure of each column of the table, ready to print, or empty."""
    decides: bool
    """Whether this metric picked the best checkpoint."""


@frozen
class Table:
    """Metrics in rows; the result, the entry and the baselines in columns."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    remark: str | None
    """The comparison in a sentence, where a baseline has the deciding metric."""


def compare(history: History, recipe: Recipe) -> Table:
    """The result beside the untrained (or continued) weights and the untrained baselines.

    Metrics that exist for each of several numbers have tables of their own.
    """
    columns = _columns(history)
    best = recipe.training.best.removeprefix("eval/")
    rows = [
        Row(
            metric=(short := name.removeprefix("eval/")),
            about=described(name, recipe),
            result=value,
            others=tuple(figure(c[short]) if short in c else "" for c in columns.values()),
            decides=short == best,
        )
        for name, value in in_order(history.final, recipe).items()
        if not is_numbered(name)
    ]
    return Table(tuple(columns), tuple(rows), _remark(history, recipe, best, columns))


def in_order(metrics: Mapping[str, Value], recipe: Recipe) -> dict[str, Value]:
    """Put the deciding metric first, then those of the recipe in its system's order."""
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
    """A sentence on the baselines that the result beats: clip by clip, else by the values."""
    result = history.final.get(f"eval/{best}")
    costless = _costless(columns, best, recipe)
    if result is None or not costless:
        return None
    sign = 1 if recipe.training.best_is == "lowest" else -1
    ranked = sorted(costless, key=lambda name: sign * costless[name])
    outcomes = _outcomes(history, recipe, result, costless)
    said = f"{best} is {figure(result)}. Of the baselines it beats "
    said += _named([name for name in ranked if outcomes[name] == "better"], costless) or "nothing"
    for outcome, words in (("worse", ", but not "), ("undecided", "; it is not shown to beat ")):
        if some := [name for name in ranked if outcomes[name] == outcome]:
            said += words + _named(some, costless)
    untrained = columns.get("untrained", {}).get(best)
    return f"{said}.{'' if untrained is None else _untrained(untrained, sign, result)}"


def costless_outcomes(history: History, recipe: Recipe) -> dict[str, Outcome]:
    """The outcome for the result against each untrained baseline, by the deciding metric.

    Clip by clip where that was measured, else by the values.
    """
    result = history.final.get(recipe.training.best)
    if result is None:
        return {}
    best = recipe.training.best.removeprefix("eval/")
    return _outcomes(history, recipe, result, _costless(_columns(history), best, recipe))


def _costless(
    columns: Mapping[str, Mapping[str, float | None]], best: str, recipe: Recipe
) -> dict[str, float]:
    """The figure of each baseline that a model of the recipe can reach."""
    return {
        name: value
        for name, metrics in columns.items()
        if name not in (*ENTRIES, *recipe.ceilings) and (value := metrics.get(best)) is not None
    }


def _outcomes(
    history: History, recipe: Recipe, result: float, costless: Mapping[str, float]
) -> dict[str, Outcome]:
    sign = 1 if recipe.training.best_is == "lowest" else -1
    known = {one["name"]: one["outcome"] for one in history.facts("finish").get("baselines", ())}
    by_value: dict[str, Outcome] = {
        name: "better" if sign * result < sign * value else "worse"
        for name, value in costless.items()
    }
    return {name: known.get(name, by_value[name]) for name in costless}


def _named(names: list[str], figures: Mapping[str, float]) -> str:
    return ", ".join(f"{name} ({figure(figures[name])})" for name in names)


def _untrained(value: float, sign: int, result: float) -> str:
    if sign * result >= sign * value:
        return f" The untrained network has {figure(value)}: the result is no better."
    return f" The untrained network has {figure(value)}, which any training should beat."
