"""From a file to a layer: TOML, what a recipe may not hold, and the parents it extends."""

import math
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tomli

from engine.recipe.faults import (
    Fault,
    KeyPath,
    Place,
    RecipeError,
    did_you_mean,
    listed,
    shown,
)
from engine.recipe.layers import Layer, merge
from engine.recipe.lines import key_lines

_MAX_DEPTH = 32
"""No recipe is nested deeper; what is would exhaust Python's stack somewhere below."""


def read_layer(path: Path) -> Layer:
    """One TOML file. Raises RecipeError where it is missing, unreadable or no TOML."""
    text = _read_text(path)
    try:
        values, lines = tomli.loads(text), key_lines(text)
    except tomli.TOMLDecodeError as error:
        raise _unreadable(path, f"no valid TOML: {error.msg.lower()}", error.lineno) from error
    except (ValueError, RecursionError) as error:
        raise _unreadable(path, f"no TOML that can be read: {error}") from error
    deepest = max(lines, key=len)
    if len(deepest) > _MAX_DEPTH:
        raise _unreadable(path, f"nested more than {_MAX_DEPTH} deep", lines[deepest])
    file = shown(path)
    return Layer(values, {at: Place(file, line) for at, line in lines.items()})


def read_document(path: Path) -> Layer:
    """A recipe file merged onto the parents it extends, profiles included.

    Raises RecipeError where a file cannot be read, or a recipe extends itself.
    """
    return _read_chain(path, ())


def forbidden_values(values: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, str]]:
    """What TOML allows and a recipe does not: (key path, what is wrong)."""
    if isinstance(values, dict):
        for key, value in values.items():
            yield from _control_characters(key, (*path, key))
            yield from forbidden_values(value, (*path, key))
    elif isinstance(values, list):
        for position, value in enumerate(values):
            yield from forbidden_values(value, (*path, position))
    elif isinstance(values, str):
        yield from _control_characters(values, path)
    elif isinstance(values, float) and math.isnan(values):
        yield (
            path,
            "nan equals nothing, not even itself, so DVC would rerun for ever; give a number",
        )
    elif isinstance(values, int) and not -(2**63) <= values < 2**63:
        yield path, "does not fit in 64 bits"
    elif not isinstance(values, int | float):
        yield (
            path,
            f"dates and times are not allowed, DVC cannot store them; write '{values}' in quotes",
        )


def _read_text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise _missing(path) from None
    except UnicodeDecodeError as error:
        raise _unreadable(path, f"not UTF-8 at byte {error.start}; save it as UTF-8") from error
    except OSError as error:
        raise _unreadable(path, f"cannot be read: {error.strerror}") from error


def _read_chain(path: Path, heirs: tuple[Path, ...]) -> Layer:
    layer = read_layer(path)
    if "extends" not in layer.values:
        return layer
    parent = _parent(path, layer)
    chain = (*heirs, path.resolve())
    if parent.resolve() in chain:
        names = " -> ".join(file.name for file in (*chain, parent.resolve()))
        raise RecipeError([layer.fault(("extends",), f"a recipe may not extend itself: {names}")])
    return merge(_read_chain(parent, chain), layer).without("extends")


def _parent(path: Path, layer: Layer) -> Path:
    name = layer.values["extends"]
    if not isinstance(name, str) or Path(name).is_absolute():
        problem = "expected the file name of the parent, relative to this file"
        raise RecipeError([layer.fault(("extends",), problem)])
    parent = Path(path.parent / name)
    if not parent.is_file():
        raise RecipeError([layer.fault(("extends",), f"no such file{_neighbours(parent)}")])
    return parent


def _missing(path: Path) -> RecipeError:
    return _unreadable(path, f"no such file{_neighbours(path)}")


def _neighbours(path: Path) -> str:
    names = sorted(file.name for file in path.parent.glob("*.toml"))
    return f"{did_you_mean(path.name, names)} (there are: {listed(names)})"


def _unreadable(path: Path, message: str, line: int | None = None) -> RecipeError:
    return RecipeError([Fault(Place(shown(path), line), (), message)])


def _control_characters(text: str, path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    found = [char for char in text if unicodedata.category(char) == "Cc" and char not in "\n\t"]
    if found:
        yield path, f"holds a control character (U+{ord(found[0]):04X}); remove it"
