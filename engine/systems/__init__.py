"""The model families: a folder each, which no list names. None imports another.

A family's folder holds `recipe.py`, with its recipe class, and `system.py`; `prepare.py` and
`commands.py` where it has features to precompute or commands of its own. A package outside adds a
family through an entry point of the group `cantus.systems`: its name is the word for `system = ...`
and its value the recipe class, beside which the other modules lie.
"""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from inspect import isclass
from pkgutil import iter_modules
from types import MappingProxyType, ModuleType

from engine.errors import UserError
from engine.recipe.schema import Recipe


@cache
def recipe_classes() -> Mapping[str, type[Recipe]]:
    """The recipe class of every system by the word for `system = ...`. Imports no torch.

    Raises UserError where a folder holds no recipe class or several, or a package's system has the
    name of another.
    """
    folders = [module.name for module in iter_modules(__path__) if module.ispkg]
    classes = {name: _class_in(f"{__name__}.{name}") for name in folders}
    for point in entry_points(group="cantus.systems"):
        if point.name in classes:
            raise UserError(
                f"The installed package {point.value!r} names its system {point.name!r}, which "
                "exists already. Uninstall it or have it choose another name."
            )
        classes[point.name] = point.load()
    return MappingProxyType(classes)


def part_of(system: type[Recipe], name: str) -> ModuleType | None:
    """The module of this name beside a recipe class; None where its system has no such part."""
    return import_module(_beside(system, name)) if has_part(system, name) else None


def has_part(system: type[Recipe], name: str) -> bool:
    """Whether there is a module of this name beside a recipe class; it is not imported."""
    package = system.__module__.rpartition(".")[0]
    return bool(package) and find_spec(_beside(system, name)) is not None


def _beside(system: type[Recipe], name: str) -> str:
    return f"{system.__module__.rpartition('.')[0]}.{name}"


def _class_in(package: str) -> type[Recipe]:
    """The one recipe class that `recipe.py` of a system's folder defines."""
    if find_spec(f"{package}.recipe") is None:
        raise UserError(
            f"The system folder {package} has no recipe.py, which holds its recipe class."
        )
    module = import_module(f"{package}.recipe")
    found = [
        value
        for value in vars(module).values()
        if isclass(value) and issubclass(value, Recipe) and value.__module__ == module.__name__
    ]
    if len(found) != 1:
        names = ", ".join(one.__name__ for one in found) or "none"
        raise UserError(
            f"{package}.recipe must define one subclass of Recipe, the system's; it defines "
            f"{len(found)} ({names})."
        )
    return found[0]
