"""`-S key.path=value`: one value of a recipe changed on the command line."""

import re
from typing import Any

import tomli

from engine.recipe.faults import Fault, KeyPath, Place, RecipeError
from engine.recipe.layers import Layer
from engine.recipe.size import MAX_DEPTH, check_size

_PARTS = re.compile(r"""((?:"[^"]*"|'[^']*'|[^="'])+)=(.*)""", re.DOTALL)
_WORD = re.compile(r"""[^\s"'\[\]{},=#]+""")


def parse_override(text: str) -> Layer:
    """A layer that holds the one value. The value is TOML; a single word needs no quotes.

    Raises RecipeError where the text is not `key.path=value`.
    """
    place = Place(f"-S {text}")
    parts = _PARTS.fullmatch(text)
    values = _read_one_line(f"{parts[1]} = 0") if parts else None
    if parts is None or not values:
        raise RecipeError([Fault(place, (), "expected key.path=value, as training.epochs=3")])
    path = _only_path(values)
    if len(path) > MAX_DEPTH:
        raise RecipeError([Fault(place, (), f"nested more than {MAX_DEPTH} deep")])
    values = _nested(path, _value(parts[2].strip(), place, path))
    return Layer(values, {path[:depth]: place for depth in range(len(path) + 1)})


def _value(text: str, place: Place, path: KeyPath) -> Any:
    parsed = _read_one_line(f"value = {text}")
    if parsed is not None:
        check_size(parsed, place)
        return parsed["value"]
    if _WORD.fullmatch(text):
        return text
    raise RecipeError([Fault(place, path, f"{text!r} is neither a TOML value nor a single word")])


def _read_one_line(text: str) -> dict[str, Any] | None:
    if "\n" in text or "\r" in text:
        return None
    try:
        return tomli.loads(text)
    except (ValueError, RecursionError):
        return None


def _only_path(values: Any) -> tuple[str, ...]:
    path: tuple[str, ...] = ()
    while isinstance(values, dict):
        ((key, values),) = values.items()
        path += (key,)
    return path


def _nested(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    for key in reversed(path):
        value = {key: value}
    assert isinstance(value, dict)
    return value
