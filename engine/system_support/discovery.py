"""Finding the model families: a folder each below engine/systems, which no list names.

A family's folder holds `recipe.py`, with its recipe class, and `system.py`; `prepare.py` and
`commands.py` where it has features to precompute or commands of its own. A package outside adds a
family through an entry point of the group `cantus.systems`: its name is the word for `system = ...`
and its value the recipe class, beside which the other modules lie.
"""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from inspect import isclass
from pkgutil import iter_modules
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING

from engine.errors import UserError

if TYPE_CHECKING:  # reading recipes takes 0.1 s, for which `cantus --help` need not wait
    from engine.recipe.schema import Recipe

_HOME = "engine.systems"


@cache
def recipe_classes() -> "Mapping[str, type[Recipe]]":
    """The recipe class of every system by the word for `system = ...`. Imports no torch.

    Raises UserError where a folder holds no recipe class or several, or a package's system has the
    name of another or cannot be imported.
    """
    built_in = {name: _class_in(package) for name, package in _folders().items()}
    return MappingProxyType(built_in | _installed())


def system_packages() -> Mapping[str, str]:
    """The package of every system, in which its modules lie. Raises as `recipe_classes` does.

    The recipe classes of the engine's own systems are not imported.
    """
    return _folders() | {name: _package_of(found) for name, found in _installed().items()}


def part_of(system: "type[Recipe]", name: str) -> ModuleType | None:
    """The module of this name beside a recipe class; None where its system has no such part."""
    return part_of_package(_package_of(system), name)


def has_part(system: "type[Recipe]", name: str) -> bool:
    """Whether there is a module of this name beside a recipe class; it is not imported."""
    package = _package_of(system)
    return bool(package) and find_spec(f"{package}.{name}") is not None


def part_of_package(package: str, name: str) -> ModuleType | None:
    """The module of this name in a system's package; None where it has no such part."""
    module = f"{package}.{name}"
    return import_module(module) if package and find_spec(module) is not None else None


def _folders() -> dict[str, str]:
    """The packages of the engine's own systems."""
    names = [module.name for module in iter_modules(import_module(_HOME).__path__) if module.ispkg]
    return {name: f"{_HOME}.{name}" for name in names}


@cache
def _installed() -> "dict[str, type[Recipe]]":
    """The recipe classes of the systems that installed packages add."""
    found: dict[str, type[Recipe]] = {}
    for point in entry_points(group="cantus.systems"):
        if point.name in found or point.name in _folders():
            raise UserError(
                f"The installed package {point.value!r} names its system {point.name!r}, which "
                "exists already. Uninstall it or have it choose another name."
            )
        found[point.name] = _loaded(point)
    return found


def _loaded(point: EntryPoint) -> "type[Recipe]":
    """The recipe class that an entry point names."""
    from engine.recipe.schema import Recipe

    named = f"The entry point '{point.name} = {point.value}' of an installed package"
    try:
        found = point.load()
    except (ImportError, AttributeError) as error:
        raise UserError(
            f"{named} cannot be imported: {error}. Repair the package or uninstall it."
        ) from error
    if not (isclass(found) and issubclass(found, Recipe)):
        raise UserError(f"{named} must name a subclass of engine.recipe.schema.Recipe.")
    return found


def _package_of(system: "type[Recipe]") -> str:
    return system.__module__.rpartition(".")[0]


def _class_in(package: str) -> "type[Recipe]":
    """The one recipe class that `recipe.py` of a system's folder defines."""
    from engine.recipe.schema import Recipe

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
