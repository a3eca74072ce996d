"""The content of a recipe's ref: its results, under the same names for all recipes.

A ref also holds the source files of its tables, so that the refs of experiments, whose results are
nowhere else, can be made again where their figures need other keys.
"""

import csv
import io
import json
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

import tomli_w
import yaml

from engine.errors import UserError
from engine.project import Project
from engine.recipe.naming import corpus_name
from engine.tracking.figure_keys import Keys, Placed, figure_keys
from engine.tracking.shown_metrics import Measured, parse_shown

Files = Mapping[str, bytes]
"""Files by their paths in the ref."""

_FIGURES, _RECIPE, _PARAMS = "metrics.json", "recipe.toml", "params.toml"
_TRAIN, _EVAL = "plots/train.csv", "plots/eval.csv"
_SOURCES = (_FIGURES, _RECIPE, _PARAMS, _TRAIN, _EVAL)
_DESCRIBES = ("expect", "guard", "name", "samples", "schema", "summary", "upstream", "verdict")
"""Keys of a recipe that describe or judge it and do not affect training."""


def results_in(project: Project, name: str) -> dict[str, bytes]:
    """The existing files of a recipe's present results.

    A model's recipe and params lie beside it; the present ones may have changed since.
    """
    resolved = (project.model(name) / "recipe.toml", project.resolved_recipe(name))
    trained_with = project.model(name) / "params.toml"
    places = {
        _FIGURES: project.metrics(name),
        _RECIPE: next((file for file in resolved if file.is_file()), project.recipe(name)),
        _PARAMS: trained_with if trained_with.is_file() else project.params,
        _TRAIN: project.plots(name) / "train.csv",
        _EVAL: project.plots(name) / "eval.csv",
    }
    files = {path: file.read_bytes() for path, file in places.items() if file.is_file()}
    if _RECIPE in files:
        files[_RECIPE] = _trained_values(files[_RECIPE])
    return files


def results_held(content: Files) -> dict[str, bytes]:
    """The results in the content of a ref; empty where an older Cantus wrote another form."""
    files = {path: content[path] for path in _SOURCES if path in content}
    return files if _FIGURES in files else {}


def ref_contents(results: Mapping[str, Files]) -> dict[str, dict[str, bytes]]:
    """The content of each recipe's ref, given the results of all compared recipes."""
    placed = {ref: found for ref, files in results.items() if (found := _placed(files))}
    keys = figure_keys(placed)
    return {
        ref: _content(files, placed.get(ref), keys.get(ref, {})) for ref, files in results.items()
    }


def _content(files: Files, placed: Placed | None, keys: Keys) -> dict[str, bytes]:
    """The results, and the files that DVC reads."""
    content = {path: files[path] for path in _SOURCES if path in files}
    shown: dict[str, Any] = {
        "params": [path for path in (_PARAMS, _RECIPE) if path in content],
        "plots": [],
    }
    if placed is not None:
        content[placed.place] = _table(placed.measured, keys)
        shown["metrics"] = [placed.place]
    elif _FIGURES in content:
        shown["metrics"] = [_FIGURES]  # unchanged: another's file, or DVC reports the fault
    if _TRAIN in content:
        shown["plots"].append({"loss in training": {"x": "step", "y": {_TRAIN: "loss"}}})
    for name, key in keys.items():
        curve = _curve(content.get(_EVAL, b""), name.replace(".", "/"))
        if curve:
            path = f"plots/eval/{name}.csv"
            content[path] = curve
            shown["plots"].append({key: {"x": "step", "y": {path: name}}})
    content["dvc.yaml"] = yaml.safe_dump(shown, sort_keys=True).encode()
    return content


def _placed(files: Files) -> Placed | None:
    """A recipe's figures, in a file named by its system and corpus, or None."""
    try:
        measured = parse_shown(files.get(_FIGURES, b""), "metrics")
    except UserError:
        return None
    return Placed(_place(files.get(_RECIPE, b"")), measured) if measured.figures else None


def _place(recipe: bytes) -> str:
    values = _parsed(recipe)
    system, dataset = values.get("system"), values.get("dataset")
    corpus = dataset.get("corpus") if isinstance(dataset, Mapping) else None
    named = [part for part in (system, corpus) if isinstance(part, str) and not corpus_name(part)]
    return f"{'/'.join(named) or 'figures'}.json"


def _table(measured: Measured, keys: Keys) -> bytes:
    table: dict[str, float] = {key: measured.figures[name] for name, key in keys.items()}
    if measured.step is not None:
        table["step"] = measured.step
    return json.dumps(table, indent=2).encode()


def _trained_values(recipe: bytes) -> bytes:
    """A resolved recipe without descriptions, judgements and texts of several words."""
    values = {key: value for key, value in _parsed(recipe).items() if key not in _DESCRIBES}
    return tomli_w.dumps(_without_prose(values)).encode() if values else recipe


def _without_prose(table: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: _without_prose(value) if isinstance(value, Mapping) else value
        for key, value in table.items()
        if not any(isinstance(one, str) and " " in one for one in _each(value))
    }


def _each(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list) else [value]


def _parsed(recipe: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(recipe.decode())
    except ValueError:
        return {}


def _curve(table: bytes, column: str) -> bytes:
    """The steps at which a table of evaluations has a figure, and the figure."""
    rows = list(csv.DictReader(io.StringIO(table.decode(errors="replace"))))
    found = [(row["step"], row[column]) for row in rows if row.get("step") and row.get(column)]
    text = "".join(f"{step},{value}\n" for step, value in found)
    return f"step,{column.replace('/', '.')}\n{text}".encode() if found else b""
