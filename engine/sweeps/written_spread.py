"""A recipe's spread over seeds as files: JSON, DVC's metrics, and the page."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.files.atomic import write_atomically
from engine.project import Project
from engine.report.remark import SPREAD
from engine.sweeps.spread import MetricSpread, Spread
from engine.sweeps.spread_page import spread_page
from engine.tracking.shown_metrics import short_name

SCHEMA = 1
"""The version of spread.json: it rises when a key changes its meaning or goes."""


def write_spread(spread: Spread, project: Project, command: str) -> list[Path]:
    """Write spread.json, the metrics of DVC and the page; return them."""
    name = spread.recipe.name
    folder, plain = project.seeds(name), plain_spread(spread)
    texts = {
        folder / SPREAD: json.dumps(plain, indent=2) + "\n",
        folder / "spread.html": spread_page(spread, command),
        project.seeds_metrics(name): json.dumps(_shown(spread, plain), indent=2) + "\n",
    }
    for path, text in texts.items():
        write_atomically(path, text)
    return [*texts]


def plain_spread(spread: Spread) -> dict[str, Any]:
    """The content of spread.json."""
    return {
        "schema": SCHEMA,
        "recipe": spread.recipe.name,
        "seeds": list(spread.seeds),
        "stopped": {str(seed): why for seed, why in spread.stopped.items()},
        "metric": spread.recipe.training.best,
        "metrics": {one.metric: _plain(one, spread.numbers) for one in spread.metrics},
        "sentences": list(spread.sentences),
        "against": list(spread.against),
        "covers": dict(spread.covers),
    }


def _plain(one: MetricSpread, numbers: Sequence[int]) -> dict[str, Any]:
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
        "smallest_difference_by_seeds": {
            str(number): one.found.shown_by(number)[1] for number in numbers
        },
    }


def _shown(spread: Spread, plain: Mapping[str, Any]) -> dict[str, Any]:
    """What DVC shows: the figures of the metric that picks the best."""
    best = spread.recipe.training.best
    kept: Sequence[str] = ("mean", "deviation", "low", "high", "half_width", "smallest_difference")
    figures = {key: value for key, value in plain["metrics"][best].items() if key in kept}
    counts = {"seeds": len(spread.seeds), "stopped": len(spread.stopped)}
    return counts | {short_name(best).replace(".", "/"): figures}
