"""Declarations of a recipe's settings: default, check, and description for the docs."""

import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Literal

import attrs

Check = Callable[[Any], str | None]
"""A check takes a value and returns what is wrong with it in words, or None."""


def setting(
    doc: str,
    *,
    default: Any = attrs.NOTHING,
    check: Check | None = None,
    identity: bool = True,
    key: str | None = None,
    names: Literal["metric", "result", "verdict", "turn"] | None = None,
) -> Any:
    """Declare one key of a recipe table.

    `identity=False`: the value does not affect training, so that the run's identity and its DVC
    stage do not depend on it. `key` is the name in the TOML file where it is a Python keyword
    (`from`). `names`: the value (of a table: its keys) must name a metric or a turn of the recipe's
    system.
    """
    metadata = {"doc": doc, "identity": identity, "key": key, "check": check, "names": names}
    factory = isinstance(default, (dict, list))
    if factory:
        empty = default
        default = attrs.Factory(lambda: type(empty)(empty))
    return attrs.field(default=default, metadata=metadata)


def at_least(low: float) -> Check:
    """The value may not be below `low`."""
    return lambda value: None if value >= low else f"must be at least {low:g}"


def above(low: float) -> Check:
    """The value must be greater than `low`."""
    return lambda value: None if value > low else f"must be greater than {low:g}"


def within(low: float, high: float) -> Check:
    """The value must lie in [low, high]."""
    return lambda value: None if low <= value <= high else f"must lie between {low:g} and {high:g}"


def between(low: float, high: float) -> Check:
    """The value must lie in (low, high): the ends are not allowed."""
    return lambda value: (
        None if low < value < high else f"must be greater than {low:g} and less than {high:g}"
    )


def matches(pattern: str, words: str) -> Check:
    """The whole text must match a regular expression; `words` say what that means."""
    return lambda value: None if re.fullmatch(pattern, value) else f"must be {words}, got {value!r}"


def ascending(values: Sequence[float]) -> str | None:
    """Each value must be greater than the one before."""
    return None if all(a < b for a, b in pairwise(values)) else "must be ascending"


def not_empty(value: Any) -> str | None:
    """The value must hold something."""
    return None if value else "must not be empty"
