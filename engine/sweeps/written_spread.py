"""A recipe's spread over seeds as files: JSON, DVC's metrics, and a page."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.files.atomic import write_atomically
from engine.project import Project
from engine.report.remark import SPREAD
from engine.report.words import figure
from engine.sweeps.spread import NUMBERS, MetricSpread, Spread
from engine.sweeps.written import table_page
from engine.tracking.shown_metrics import short_name

SCHEMA = 1
"""The version of spread.json: it rises when a key changes its meaning or goes."""


def write_spread(spread: Spread, project: Project, command: str) -> list[Path]:
    """Write spread.json, the metrics of DVC and the page; return them."""
    name = spread.recipe.name
    folder, plain = project.seeds(name), plain_spread(spread)
    table = [titles(), *map(cells, spread.metrics)]
    kinds = ["base", *("point" for _ in spread.metrics[1:])]
    page = table_page("seeds", f"{name} over seeds", spread.sentences, table, kinds, command)
    texts = {
        folder / SPREAD: json.dumps(plain, indent=2) + "\n",
        folder / "spread.html": page,
        project.seeds_metrics(name): json.dumps(_shown(spread, plain), indent=2) + "\n",
    }
    for path, text in texts.items():
        write_atomically(path, text)
    return [*texts]


def titles() -> list[str]:
    """The columns of the table."""
    first, *others = NUMBERS
    seeds = [f"smallest difference: {first} seeds", *map(str, others)]
    return ["", "mean", "standard deviation over seeds (95 % CI)", *seeds]


def cells(one: MetricSpread) -> list[str]:
    """A row of the table: the spread, and the smallest difference that so many seeds show."""
    name, deviation = short_name(one.metric), one.deviation
    mean = sum(one.values) / len(one.values) if one.values else None
    spread = "the same with all seeds"
    if deviation is not None:
        found, low, high = map(figure, deviation)
        spread = f"{found} ({low} to {high})"
    if one.found is None:
        return [name, figure(mean), spread, f"none: {one.why}", *("" for _ in NUMBERS[1:])]
    smallest = [figure(one.found.shown_by(number)[1]) for number in NUMBERS]
    return [name, figure(one.found.mean), spread, *smallest]


def plain_spread(spread: Spread) -> dict[str, Any]:
    """The content of spread.json."""
    return {
        "schema": SCHEMA,
        "recipe": spread.recipe.name,
        "seeds": list(spread.seeds),
        "stopped": {str(seed): why for seed, why in spread.stopped.items()},
        "metric": spread.recipe.training.best,
        "metrics": {one.metric: _plain(one) for one in spread.metrics},
        "sentences": list(spread.sentences),
        "against": list(spread.against),
        "covers": dict(spread.covers),
    }


def _plain(one: MetricSpread) -> dict[str, Any]:
    """Figures of a metric; one that is not known is left out, and `why` says so."""
    plain: dict[str, Any] = {"values": list(one.values)}
    if one.deviation is not None:
        plain |= dict(zip(("deviation", "low", "high"), one.deviation, strict=True))
    if one.found is None:
        return plain | {"why": one.why}
    half, smallest = one.found.shown_by(one.found.num_seeds)
    return plain | {
        "num_clips": one.found.num_clips,
        "mean": one.found.mean,
        "half_width": half,
        "smallest_difference": smallest,
        "smallest_difference_by_seeds": {str(n): one.found.shown_by(n)[1] for n in NUMBERS},
    }


def _shown(spread: Spread, plain: Mapping[str, Any]) -> dict[str, Any]:
    """What DVC shows: the figures of the metric that picks the best."""
    best = spread.recipe.training.best
    kept: Sequence[str] = ("mean", "deviation", "low", "high", "half_width", "smallest_difference")
    figures = {key: value for key, value in plain["metrics"][best].items() if key in kept}
    counts = {"seeds": len(spread.seeds), "stopped": len(spread.stopped)}
    return counts | {short_name(best).replace(".", "/"): figures}
