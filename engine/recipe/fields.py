"""How one setting of a recipe is declared: its default, its check, its words for the docs."""

from collections.abc import Callable
from typing import Any

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
) -> Any:
    """Declare one key of a recipe table.

    `identity=False` says that changing the value does not change what is learned, so that the
    run's identity and its DVC stage do not depend on it. `key` is the name in the TOML file where
    it is a Python keyword (`from`).
    """
    metadata = {"doc": doc, "identity": identity, "key": key, "check": check}
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


def not_empty(value: Any) -> str | None:
    """The value must hold something."""
    return None if value else "must not be empty"
