"""From a recipe's file to the recipe: every fault at once, or the whole of it."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from attrs import evolve

from engine.recipe.faults import Fault, RecipeError, did_you_mean, listed
from engine.recipe.layers import Layer, merge
from engine.recipe.overrides import parse_override
from engine.recipe.profiles import AS_WRITTEN, profile_names, with_profile
from engine.recipe.read import forbidden_values, read_document
from engine.recipe.schema import SCRATCH, Constant, Recipe
from engine.recipe.structure import structure

_BESIDE_A_RUN = "recipe"
"""Runs and models keep the recipe that made them as recipe.toml, whatever its name."""


def load_recipe(
    path: Path,
    *,
    classes: Mapping[str, type[Recipe]],
    profile: str = AS_WRITTEN,
    overrides: Sequence[str] = (),
) -> Recipe:
    """Read a recipe: parents, then the profile, then `key.path=value` overrides, checked as one.

    `classes` are the recipe classes by the word for `system = ...`. A turn without a schedule gets
    a constant one, and a start from scratch is none. Raises RecipeError, which holds every fault.
    """
    return _build(resolve_values(path, profile, overrides), path.stem, classes)


def resolve_values(path: Path, profile: str, overrides: Sequence[str] = ()) -> Layer:
    """A recipe's values before they are typed, and where each was written.

    Raises RecipeError where a file, the profile or an override cannot be read.
    """
    layer = with_profile(read_document(path), profile)
    for override in overrides:
        layer = merge(layer, parse_override(override))
    return layer


def recipe_profiles(path: Path) -> tuple[str, ...]:
    """The profiles that a recipe can be loaded in, inherited ones included; "full" first."""
    return profile_names(read_document(path))


def _build(layer: Layer, stem: str, classes: Mapping[str, type[Recipe]]) -> Recipe:
    word = layer.values.get("system")
    system = classes.get(word) if isinstance(word, str) else None
    recipe, wrong = structure(dict(layer.values), system or Recipe, system)
    faults = {path: layer.fault(path, what) for path, what in wrong}
    faults |= {path: layer.fault(path, what) for path, what in forbidden_values(layer.values)}
    faults |= {fault.path: fault for fault in _header_faults(layer, stem, classes)}
    if recipe is None or faults:
        raise RecipeError(faults.values())
    schedule = {turn: recipe.schedule.get(turn, Constant()) for turn in recipe.turns}
    continues = recipe.start is not None and recipe.start.from_ != SCRATCH
    return evolve(recipe, schedule=schedule, start=recipe.start if continues else None)


def _header_faults(layer: Layer, stem: str, classes: Mapping[str, type[Recipe]]) -> Iterator[Fault]:
    name, system = layer.values.get("name"), layer.values.get("system")
    if isinstance(name, str) and stem not in (name, _BESIDE_A_RUN):
        yield layer.fault(("name",), f"'{name}' must be the file's own name, '{stem}'")
    if isinstance(system, str) and system not in classes:
        known = f"{did_you_mean(system, classes)} (known: {listed([*classes])})"
        yield layer.fault(("system",), f"no such system: '{system}'{known}")
