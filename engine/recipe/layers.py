"""Layers: values with their places in files, and the merging of layers."""

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import frozen

from engine.recipe.alternatives import ALTERNATIVES
from engine.recipe.faults import Fault, KeyPath, Place


@frozen
class Layer:
    """Nested plain tables, and the place of each key path."""

    values: Mapping[str, Any]
    places: Mapping[KeyPath, Place]

    def place(self, path: KeyPath) -> Place:
        """The place of `path`, or that of the innermost table around it."""
        while path not in self.places and path:
            path = path[:-1]
        return self.places[path]

    def fault(self, path: KeyPath, message: str) -> Fault:
        """A fault at `path`."""
        return Fault(self.place(path), path, message)

    def without(self, key: str) -> "Layer":
        """The layer without one top-level key."""
        if key not in self.values:
            return self
        values = {name: value for name, value in self.values.items() if name != key}
        return Layer(values, _present(self.places, values))


def merge(base: Layer, over: Layer) -> Layer:
    """Lay `over` on `base`.

    Tables merge key by key and lists are replaced. A table whose `kind` changes inherits nothing,
    and one that names one of several alternatives (`steps`) does not inherit another (`epochs`).
    A merged table keeps its place in `base`: a key it lacks was missing there already.
    """
    values = _merged(base.values, over.values)
    joined = {path: base.place(path) for path in _joined(base.values, over.values)}
    return Layer(values, _present(base.places, values) | dict(over.places) | joined)


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    if _changes_kind(base, over):
        return dict(over)
    replaced = {key for group in ALTERNATIVES if group & over.keys() for key in group}
    values = {key: value for key, value in base.items() if key not in replaced - over.keys()}
    for key, value in over.items():
        below: Any = values.get(key)
        tables = isinstance(value, dict) and isinstance(below, dict)
        values[key] = _merged(below, value) if tables else value
    return values


def _joined(
    base: Mapping[str, Any], over: Mapping[str, Any], path: KeyPath = ()
) -> Iterator[KeyPath]:
    """The tables that both layers add to."""
    if _changes_kind(base, over):
        return
    yield path
    for key in base.keys() & over.keys():
        if isinstance(base[key], dict) and isinstance(over[key], dict):
            yield from _joined(base[key], over[key], (*path, key))


def _changes_kind(base: Mapping[str, Any], over: Mapping[str, Any]) -> bool:
    return "kind" in over and over["kind"] != base.get("kind")


def _present(places: Mapping[KeyPath, Place], values: Mapping[str, Any]) -> dict[KeyPath, Place]:
    return {path: place for path, place in places.items() if _exists(values, path)}


def _exists(values: Any, path: KeyPath) -> bool:
    for step in path:
        try:
            values = values[step]
        except (KeyError, IndexError, TypeError):
            return False
    return True
