"""How large a recipe may be. The shipped ones have about 3 kB and 60 values."""

from typing import Any

from engine.recipe.faults import Fault, Place, RecipeError

MAX_BYTES = 128 * 1024
"""Of one file."""

MAX_VALUES = 4_000
"""Of one file: keys, tables and items of lists."""

MAX_DEPTH = 32
"""Tables and lists in each other; what is deeper would exhaust Python's stack somewhere below."""

MAX_PARENTS = 16
"""Files in a row that extend each other."""


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
