"""Limits of a recipe's size. The shipped ones have about 3 kB and 60 values."""

from typing import Any

from engine.recipe.faults import Fault, Place, RecipeError

MAX_BYTES = 128 * 1024
"""Bytes of one file."""

MAX_VALUES = 4_000
"""Keys, tables and items of lists in one file."""

MAX_DEPTH = 32
"""Depth of nested tables and lists; deeper ones would exhaust Python's stack."""

MAX_PARENTS = 16
"""Length of a chain of files that extend each other."""


def check_size(values: Any, place: Place) -> None:
    """Raise RecipeError where values are nested too deep, or too many."""
    level, count = [values], 0
    for _ in range(MAX_DEPTH + 1):
        level = [inner for value in level for inner in _inside(value)]
        count += len(level)
        if count > MAX_VALUES:
            raise RecipeError([Fault(place, (), f"holds more than {MAX_VALUES:,} values")])
    if level:
        raise RecipeError([Fault(place, (), f"nested more than {MAX_DEPTH} deep")])


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
