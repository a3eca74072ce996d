"""Differences between two recipes, key by key."""

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import frozen


@frozen
class Change:
    """One value that differs; None stands where a side has none."""

    path: str
    left: Any
    right: Any


def diff_recipes(left: Mapping[str, Any], right: Mapping[str, Any]) -> list[Change]:
    """The values that differ between two plain recipes, in the order of the left one's keys."""
    before, after = leaves(left), leaves(right)
    paths = dict.fromkeys([*before, *after])
    return [
        Change(path, before.get(path), after.get(path))
        for path in paths
        if before.get(path) != after.get(path)
    ]


def leaves(table: Mapping[str, Any]) -> dict[str, Any]:
    """The values of nested tables by dotted path. A list is one value."""
    return dict(_leaves(table, ""))


def _leaves(table: Mapping[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        inside = f"{path}.{key}" if path else key
        if isinstance(value, Mapping):
            yield from _leaves(value, inside)
        else:
            yield inside, value
