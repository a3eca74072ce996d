"""Changes that recipes and params.toml of schema 1 need, key by key."""

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any

from engine.recipe.faults import Fault, KeyPath, RecipeError
from engine.recipe.layers import Layer

_METRICS = {
    "train/discriminator/over_chance": "train/discriminator/loss_over_chance",
    "eval/voice_gain": "eval/mel_ce_increase_wrong_voice",
    "eval/text_gain": "eval/mel_ce_increase_wrong_text",
    "eval/rmse_over_grid": "eval/rmse_ratio_to_uniform_grid",
}
_MIRRORED = re.compile(r"(baseline/[^/]+|untrained|parent)/(.+)")
_ALWAYS_ON = ("finite", "alive")

Names = Mapping[str, str]
"""Metrics by the names of guards and expectations in any of the files."""


def require_no_schema_1(layers: Sequence[Layer], name: str) -> None:
    """Raise RecipeError with all that has to change where one of a recipe's files is of schema 1.

    `name` is that of the recipe, whose profiles become files.
    """
    if any(layer.values.get("schema") == 1 for layer in layers):
        raise RecipeError([*_headers(layers, name), *outdated(layers)])


def outdated(layers: Sequence[Layer], known: Container[str] = ()) -> Iterator[Fault]:
    """Keys and metrics of schema 1 in a recipe's files, each with its replacement.

    `known` are metrics of the recipe's system, which schema 1 used for another metric.
    """
    names = _metrics_by_name(layers)
    for layer in layers:
        for profile, table in _tables(layer.values.get("profile")):
            path = ("profile", profile)
            file = f"recipes/{profile}/<name>.toml"
            what = f'profiles are files: move it to {file}, with extends = "../<name>.toml"'
            yield layer.fault(path, what)
            yield from _of_recipe(layer, table, path, names, known)
        yield from _of_recipe(layer, layer.values, (), names, known)


def outdated_params(layer: Layer) -> Iterator[Fault]:
    """Keys of params.toml that were renamed or removed."""
    if "listeners" in layer.values:
        yield layer.fault(("listeners",), "renamed: write [speech_evaluation]")
    if "programs" in layer.values:
        what = (
            "remove it: ViSQOL comes with pip install 'cantus[judges]', and a recipe asks for it "
            "in evaluation.judges"
        )
        yield layer.fault(("programs",), what)
    for name, table in _tables(layer.values):
        if name == "tracking" and "aim" in table:
            new = "[]" if table["aim"] is False else '["aim"]'
            yield layer.fault(("tracking", "aim"), f"list trackers by name: write mirrors = {new}")


def _headers(layers: Sequence[Layer], name: str) -> Iterator[Fault]:
    for layer in layers:
        if layer.values.get("schema") == 1:
            yield layer.fault(("schema",), "this Cantus reads schema 2: write schema = 2")
            if "name" in layer.values:
                what = f"remove it: a recipe has the name of its file, {name}"
                yield layer.fault(("name",), what)


def _of_recipe(
    layer: Layer, values: Mapping[str, Any], at: KeyPath, names: Names, known: Container[str]
) -> Iterator[Fault]:
    for table in ("guard", "expect"):
        for name, body in _tables(values.get(table)):
            if "/" not in name:
                yield layer.fault((*at, table, name), _keyed_by_metric(table, name, body, names))
    dataset = values.get("dataset")
    if isinstance(dataset, dict) and "phase" in dataset:
        turned = "off" if dataset["phase"] == "as_recorded" else dataset["phase"]
        what = f"renamed: write phase_rotation = '{turned}'"
        yield layer.fault((*at, "dataset", "phase"), what)
    evaluation = values.get("evaluation")
    if isinstance(evaluation, dict) and "perceptual" in evaluation:
        what = "renamed: write evaluation.judges"
        yield layer.fault((*at, "evaluation", "perceptual"), what)
    for path, old in _texts({key: values[key] for key in values if key != "profile"}, at):
        if (new := _renamed(old)) and _MIRRORED.sub(r"eval/\2", old) not in known:
            yield layer.fault(path, f"the metric '{old}' was renamed: write '{new}'")


def _keyed_by_metric(table: str, name: str, body: Mapping[str, Any], names: Names) -> str:
    for condition in _ALWAYS_ON:
        if condition in body:
            return f"'{condition}' is always on: remove this guard"
    metric = names.get(name, "<metric>")
    return f'keyed by the metric: write [{table}] "{metric}" = {{ ... }}, without a name'


def _metrics_by_name(layers: Sequence[Layer]) -> dict[str, str]:
    found: dict[str, str] = {}
    for layer in layers:
        profiles = [table for _, table in _tables(layer.values.get("profile"))]
        for values in (layer.values, *profiles):
            for table in ("guard", "expect"):
                for name, body in _tables(values.get(table)):
                    if isinstance(body.get("metric"), str):
                        found.setdefault(name, _renamed(body["metric"]) or body["metric"])
    return found


def _tables(value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """The tables in a table, by their keys."""
    if isinstance(value, dict):
        yield from ((key, inner) for key, inner in value.items() if isinstance(inner, dict))


def _texts(value: Any, path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    """Every text in nested tables and lists, keys included."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*path, key), key
            yield from _texts(inner, (*path, key))
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from _texts(inner, (*path, position))
    elif isinstance(value, str):
        yield path, value


def _renamed(metric: str) -> str | None:
    mirrored = _MIRRORED.fullmatch(metric)
    if mirrored is None:
        return _METRICS.get(metric)
    new = _METRICS.get(f"eval/{mirrored[2]}")
    return new and f"{mirrored[1]}/{new.removeprefix('eval/')}"
