"""Loading of recipes: the whole recipe, or all of its faults at once."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import evolve

from engine.recipe.faults import Fault, KeyPath, Place, RecipeError, did_you_mean, listed
from engine.recipe.layers import Layer, merge
from engine.recipe.lineage import joined, read_lineage
from engine.recipe.migration import outdated, require_no_schema_1
from engine.recipe.naming import recipe_name
from engine.recipe.optimizers import Constant
from engine.recipe.overrides import parse_override
from engine.recipe.plain import to_plain
from engine.recipe.read import forbidden_values
from engine.recipe.schema import Recipe
from engine.recipe.structure import structure
from engine.recipe.training import SCRATCH

_BESIDE_A_RUN = "recipe"
"""The name under which runs and models keep the recipe that made them."""


def load_recipe(
    path: Path, *, classes: Mapping[str, type[Recipe]], overrides: Sequence[str] = ()
) -> Recipe:
    """Read a recipe: the files it extends, itself, and `key.path=value` overrides, checked as one.

    `classes` are the recipe classes by the word for `system = ...`. Guards are merged onto those
    of the system, the name is the file's, a turn without a schedule gets a constant one, and a
    start from 'scratch' is dropped. Raises RecipeError, which holds every fault, or
    only that the system is unknown.
    """
    layers = [*map(parse_override, reversed(overrides)), *read_lineage(path)]
    require_no_schema_1(layers, path.stem)
    layer = joined(layers)
    _require_known_system(layer, classes)
    system = _system(layer, classes)
    old = outdated(layers, () if system is None else system.metrics)
    return _build(layer, {at.path: at for at in old}, path.stem, classes)


def recipe_of_values(
    values: Mapping[str, Any], *, classes: Mapping[str, type[Recipe]], source: str
) -> Recipe:
    """The recipe of plain values, as `to_plain` gives them; faults name `source` as their place.

    Raises RecipeError as `load_recipe` does.
    """
    layer = Layer(values, {(): Place(source)})
    _require_known_system(layer, classes)
    return _build(layer, {}, _BESIDE_A_RUN, classes)


def resolve_values(path: Path, overrides: Sequence[str] = ()) -> Layer:
    """A recipe's untyped values with their places.

    Raises RecipeError where a file or an override cannot be read.
    """
    return joined([*map(parse_override, reversed(overrides)), *read_lineage(path)])


def _build(
    layer: Layer, old: Mapping[KeyPath, Fault], stem: str, classes: Mapping[str, type[Recipe]]
) -> Recipe:
    system = _system(layer, classes)
    if system is not None:
        source = f"the guards of every {layer.values['system']} recipe"
        layer = _with_default_guards(layer, system, source)
    recipe, wrong = structure({"name": stem, **layer.values}, system or Recipe, system)
    faults = {path: layer.fault(path, what) for path, what in wrong if not _is_part(path, old)}
    faults |= {path: layer.fault(path, what) for path, what in forbidden_values(layer.values)}
    faults |= {fault.path: fault for fault in _header_faults(layer, stem)} | dict(old)
    if recipe is None or faults:
        raise RecipeError(faults.values())
    schedule = {turn: recipe.schedule.get(turn, Constant()) for turn in recipe.turns}
    continues = recipe.start is not None and recipe.start.from_ != SCRATCH
    return evolve(recipe, schedule=schedule, start=recipe.start if continues else None)


def _system(layer: Layer, classes: Mapping[str, type[Recipe]]) -> type[Recipe] | None:
    word = layer.values.get("system")
    return classes.get(word) if isinstance(word, str) else None


def _require_known_system(layer: Layer, classes: Mapping[str, type[Recipe]]) -> None:
    """Raise RecipeError with this fault alone: only a system says which keys a recipe may have."""
    word = layer.values.get("system")
    if isinstance(word, str) and word not in classes:
        raise RecipeError(
            [
                layer.fault(
                    ("system",),
                    f"no such system: '{word}'{did_you_mean(word, classes)} (known: "
                    f"{listed([*classes])}). Is its package installed in this environment? "
                    "docs/adding-a-system.md",
                )
            ]
        )


def _with_default_guards(layer: Layer, system: type[Recipe], source: str) -> Layer:
    """The layer merged onto the system's guards, which are named only in faults of their own."""
    defaults = {metric: to_plain(guard) for metric, guard in system.default_guards.items()}
    if not defaults:
        return layer
    places: dict[KeyPath, Place] = {(): layer.place(()), ("guard",): layer.place(("guard",))}
    given = layer.values.get("guard")
    for metric in defaults:
        path = ("guard", metric)
        own = isinstance(given, dict) and metric in given
        places[path] = layer.place(path) if own else Place(source)
    return merge(Layer({"guard": defaults}, places), layer)


def _is_part(path: KeyPath, old: Mapping[KeyPath, Fault]) -> bool:
    """Whether a fault is of an outdated key, or of a table around or below it."""
    return any(path[: len(at)] == at[: len(path)] for at in old if path)


def _header_faults(layer: Layer, stem: str) -> Iterator[Fault]:
    name = layer.values.get("name")
    if stem != _BESIDE_A_RUN and (wrong := recipe_name(stem)):
        yield layer.fault(("name",), wrong)
    if isinstance(name, str) and stem not in (name, _BESIDE_A_RUN):
        what = f"'{name}' must be the file's own name, '{stem}', or be left out"
        yield layer.fault(("name",), what)
