"""The model families. Each is a room of its own; none imports another."""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from types import MappingProxyType

from engine.errors import UserError
from engine.recipe.schema import Recipe

_BUILT_IN = {
    "codec": "engine.systems.codec.recipe:CodecRecipe",
    "vqvae": "engine.systems.vqvae.recipe:VqvaeRecipe",
    "xtts": "engine.systems.xtts.recipe:XttsRecipe",
}


@cache
def recipe_classes() -> Mapping[str, type[Recipe]]:
    """The recipe class of every system, those of installed packages included. Imports no torch.

    A package adds a system through an entry point of the group `cantus.systems` whose name is the
    word for `system = ...` and whose value is its recipe class.
    """
    classes = {system: _class_at(place) for system, place in _BUILT_IN.items()}
    for point in entry_points(group="cantus.systems"):
        if point.name in classes:
            raise UserError(
                f"The installed package {point.value!r} names its system {point.name!r}, which "
                "exists already. Uninstall it or have it choose another name."
            )
        classes[point.name] = point.load()
    return MappingProxyType(classes)


def _class_at(place: str) -> type[Recipe]:
    module, name = place.split(":")
    found: type[Recipe] = getattr(import_module(module), name)
    return found
