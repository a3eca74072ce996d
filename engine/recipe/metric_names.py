"""The names a recipe may refer to: metrics and turns of its system."""

import re
from collections.abc import Collection, Iterator
from typing import Any

from engine.recipe.faults import KeyPath, did_you_mean, listed
from engine.recipe.schema import Recipe
from engine.recipe.tables import keys_of, tables_in, toml_key
from engine.recipe.training import Direction

_MIRRORED = re.compile(r"(?:baseline/[^/]+|untrained|parent)/(.+)")
LISTENING_SCALES = {
    "smoothness": "no roughness, no breaks",
    "naturalness": "like a recording of a person or a thing, not of a machine",
    "emotion": "alive and fitting, not flat",
    "overall": "overall impression",
}
"""Scales that listeners rate from 1 to 10 (those of write-up 002), with their meanings."""
LISTENING_RESULTS = tuple(f"listening/{scale}" for scale in LISTENING_SCALES)
"""Metrics of listening tests (`cantus listen`), which no evaluation gives."""
_NUMBER = "<n>"
"""Placeholder for a whole number in a system's name of a numbered metric."""


def naming_faults(
    names: str | None, value: Any, system: type[Recipe] | None, *, required: bool
) -> Iterator[tuple[KeyPath, str]]:
    """Faults of a setting that `names` a metric or a result, or metrics or turns by its keys.

    A result is a metric of the evaluation; a verdict may also use metrics of listening tests.

    Yields (key path below the setting, fault in words); nothing where the system is unknown.
    """
    if system is None:
        return
    if names == "metric" and isinstance(value, str):
        yield from _metric_faults(value, known_metrics(system))
    if names == "metric" and isinstance(value, dict):
        for key in value:
            for path, what in _metric_faults(key, known_metrics(system)):
                yield (key, *path), what
    if names == "verdict" and value in LISTENING_RESULTS:
        return
    if names in ("result", "verdict") and isinstance(value, str):
        yield from _result_faults(value, system)
    if names == "turn" and isinstance(value, dict):
        yield from _turn_faults(value, system.turns, required=required)


def known_metrics(system: type[Recipe]) -> tuple[str, ...]:
    """Every metric of a system's runs: its own, and those of the loop."""
    several = len(system.turns) > 1
    loop = ["train/loss"]
    loop += [f"train/{turn}/loss" for turn in system.turns if several]
    loop += [
        f"train/{what}/{turn}"
        for turn in system.turns
        for what in ("learning_rate", "gradient_norm")
    ]
    places = [f"train/{turn}" for turn in system.turns] if several else ["train"]
    terms = [f"{place}/{term}" for place in places for term in _loss_terms(system)]
    return tuple(dict.fromkeys([*system.metrics, *loop, *terms]))


def known_results(system: type[Recipe]) -> tuple[str, ...]:
    """The metrics that every evaluation of a system gives."""
    return tuple(name for name in system.metrics if name.startswith("eval/"))


def is_known(metric: str, known: Collection[str]) -> bool:
    """Whether a metric is known, numbered ones (`eval/codebook_<n>/usage`) included."""
    if _NUMBER in metric:
        return False
    return metric in known or unnumbered(metric) in known


def direction_of(metric: str, recipe: Recipe) -> Direction | None:
    """The direction of a metric; None where it has none, or is unknown."""
    training, directions = recipe.training, recipe.directions
    if metric == training.best:
        return training.best_is
    return directions.get(metric, directions.get(unnumbered(metric)))


def with_direction(description: str, direction: Direction | None) -> str:
    """A metric's description that says once which values are better, where it has a direction."""
    if direction is None:
        return description
    side = "lower is better" if direction == "lowest" else "higher is better"
    return description if side in description else "; ".join(filter(None, (description, side)))


def described(metric: str, recipe: Recipe) -> str:
    """A metric's description with its direction, as every page and command shows it."""
    return with_direction(recipe.metrics.get(metric, ""), direction_of(metric, recipe))


def unnumbered(metric: str) -> str:
    """A numbered metric as its system names it: `eval/codebook_<n>/usage`."""
    return re.sub(r"(?<=_)[1-9][0-9]*(?=/|$)", _NUMBER, metric)


def _loss_terms(system: type[Recipe]) -> Iterator[str]:
    """The keys of the losses table that are weights: its other keys are tables."""
    for key in keys_of(system):
        if key.name == "losses":
            for table in tables_in(key.type):
                terms = (term for term in keys_of(table) if not [*tables_in(term.type)])
                yield from map(toml_key, terms)


def _metric_faults(value: str, known: Collection[str]) -> Iterator[tuple[KeyPath, str]]:
    mirrored = _MIRRORED.fullmatch(value)
    if not is_known(value, known) and not (mirrored and is_known(f"eval/{mirrored[1]}", known)):
        yield (
            (),
            f"no such metric: '{value}'{did_you_mean(value, known)} (known: {listed([*known])})",
        )


def _result_faults(value: str, system: type[Recipe]) -> Iterator[tuple[KeyPath, str]]:
    known = known_results(system)
    if not is_known(value, known):
        near = did_you_mean(value, known)
        yield (), f"'{value}' is not a metric of the evaluation{near} (known: {listed(known)})"


def _turn_faults(
    tables: Collection[str], turns: Collection[str], *, required: bool
) -> Iterator[tuple[KeyPath, str]]:
    for name in tables:
        if name not in turns:
            yield (name,), f"no such turn{did_you_mean(name, turns)} (known: {listed([*turns])})"
    for turn in turns:
        if required and turn not in tables:
            yield (turn,), "missing; every turn needs this table"
