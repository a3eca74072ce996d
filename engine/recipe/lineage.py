"""The files that a recipe extends, and the rules of extending.

A recipe may extend another of recipes/, and a recipe of a profile's folder
(recipes/demo/words.toml) extends its own (recipes/words.toml). A file's own values always win over
inherited ones.
"""

import os
from collections.abc import Iterator, Sequence
from functools import reduce
from pathlib import Path

from engine.recipe.faults import RecipeError
from engine.recipe.layers import Layer, merge
from engine.recipe.read import neighbours, read_layer
from engine.recipe.size import MAX_PARENTS

_RECIPES = "recipes"


def read_lineage(path: Path) -> list[Layer]:
    """A recipe's file and the files that it extends, the oldest last.

    Raises RecipeError where a file cannot be read, or extends what it may not.
    """
    return [*_lineage(path)]


def joined(layers: Sequence[Layer]) -> Layer:
    """Layers, the topmost first, merged into one."""
    return reduce(merge, reversed(layers)).without("extends")


def read_document(path: Path) -> Layer:
    """A recipe's file merged onto those that it extends. Raises RecipeError as `read_lineage`."""
    return joined(read_lineage(path))


def profile_of(path: Path) -> str | None:
    """The profile that a file of recipes/<profile>/ is for; None for any other file."""
    folder = _normal(path).parent
    return folder.name if folder.parent.name == _RECIPES else None


def plain_recipe(path: Path) -> Path:
    """The recipe that a file of a profile's folder is a variant of."""
    return path.parent.parent / path.name


def _lineage(path: Path) -> Iterator[Layer]:
    layer = read_layer(path)
    chain = [path.resolve()]
    yield layer
    while (parent := _parent(path, layer)) is not None:
        path = parent
        chain.append(path.resolve())
        if chain[-1] in chain[:-1]:
            names = " -> ".join(file.name for file in chain)
            raise _at_extends(layer, f"a recipe may not extend itself: {names}")
        if len(chain) > MAX_PARENTS + 1:
            raise _at_extends(layer, f"a chain of more than {MAX_PARENTS} recipes")
        layer = read_layer(path)
        yield layer.without("name")  # the name of a file is not inherited


def _parent(path: Path, layer: Layer) -> Path | None:
    """The file that a recipe extends, if it may; None where it extends none."""
    name, profile = layer.values.get("extends"), profile_of(path)
    if name is None and profile is None:
        return None
    if profile is not None and name != f"../{path.name}":
        what = f'a recipe of {_RECIPES}/{profile} extends its own: extends = "../{path.name}"'
        raise _at_extends(layer, what)
    if not isinstance(name, str) or name.startswith("/") or not name.endswith(".toml"):
        what = "expected the path of the parent, a .toml file, relative to this file"
        raise _at_extends(layer, what)
    parent = Path(os.path.normpath(path.parent / name))
    _require_parent(path, parent, layer)
    return parent


def _require_parent(path: Path, parent: Path, layer: Layer) -> None:
    """Raise RecipeError where a recipe may not extend this file, or it does not exist."""
    folder = _normal(path).parent if profile_of(path) is None else _normal(path).parents[1]
    if _normal(parent).parent == folder:
        if not _is_file(parent):
            raise _at_extends(layer, f"no such file{neighbours(parent)}")
        return
    profile = profile_of(parent)
    if profile is not None and _normal(parent).parents[1] == folder:
        what = f"a recipe may not extend a demo, one of {_RECIPES}/{profile}: extend {parent.name}"
        raise _at_extends(layer, what)
    raise _at_extends(
        layer,
        f"{layer.values['extends']} lies outside {folder.name}/; extend a recipe of that folder",
    )


def _normal(path: Path) -> Path:
    return Path(os.path.normpath(path.absolute()))


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name too long for the file system
        return False


def _at_extends(layer: Layer, problem: str) -> RecipeError:
    return RecipeError([layer.fault(("extends",), problem)])
