"""cattrs' errors in words: a key path and a sentence for every fault."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import attrs
from cattrs.errors import (
    AttributeValidationNote,
    BaseValidationError,
    ForbiddenExtraKeysError,
    IterableValidationNote,
)

from engine.recipe.faults import KeyPath, did_you_mean, listed
from engine.recipe.schema import Recipe
from engine.recipe.tables import keys_of, kind_of, toml_key, type_words, walk

_SHOWN_LENGTH = 60


class Invalid(Exception):  # noqa: N818 - never leaves the package; a user sees a RecipeError
    """A value that a hook refuses, with the fault and the key below the hook's own value."""

    def __init__(self, message: str, path: KeyPath = ()) -> None:
        self.message = message
        self.path = path
        super().__init__(message)


def expected(value: Any, type_: Any) -> Invalid:
    """The fault of a value of a wrong type."""
    words = type_words(type_)
    article = "" if words.startswith(("'", "text", "true")) else "a "
    return Invalid(f"expected {article}{words}, got {_value_words(value)}")


def unknown_word(value: Any, words: Sequence[str], path: KeyPath = ()) -> Invalid:
    """The fault of a value that is not among the schema's words."""
    known = " or ".join(f"'{word}'" for word in words)
    if value is None:
        return Invalid(f"missing; choose {known}", path)
    near = did_you_mean(value, words) if isinstance(value, str) else ""
    return Invalid(f"expected {known}, got {_value_words(value)}{near}", path)


def complaints(
    error: BaseException, root: type, path: KeyPath = ()
) -> Iterator[tuple[KeyPath, str]]:
    """Every fault in cattrs' error: (key path, fault in words). Other errors are raised."""
    if isinstance(error, Invalid):
        yield (*path, *error.path), error.message
    elif isinstance(error, ForbiddenExtraKeysError):
        for key in sorted(error.extra_fields):
            yield (*path, key), _unknown(key, error.cl, root)
    elif isinstance(error, BaseValidationError):
        for inner in error.exceptions:
            yield from _inner(inner, error, root, path)
    else:
        raise error


def _inner(
    inner: BaseException, outer: BaseValidationError, root: type, path: KeyPath
) -> Iterator[tuple[KeyPath, str]]:
    for note in getattr(inner, "__notes__", ()):
        if isinstance(note, AttributeValidationNote):
            key = getattr(attrs.fields(outer.cl), note.name)
            path = (*path, toml_key(key))
            if isinstance(inner, KeyError):
                yield path, f"missing: {key.metadata['doc']}"
                return
        elif isinstance(note, IterableValidationNote):
            path = (*path, note.index)
    yield from complaints(inner, root, path)


def _unknown(key: str, table: type, root: type) -> str:
    known = [toml_key(setting) for setting in keys_of(table)]
    if table is root and issubclass(root, Recipe):
        known += ["extends"]
    homes = _homes(key, root)
    hint = f"; it belongs in {' or '.join(homes)}" if homes else did_you_mean(key, known)
    return f"no such setting{hint} (known: {listed(known)})"


def _homes(key: str, root: type) -> list[str]:
    """The recipe's tables that have such a key, with their kinds where other kinds lack it."""
    kinds: dict[str, list[tuple[str | None, bool]]] = {}
    for path, kind, keys in _sections(root):
        kinds.setdefault(path, []).append((kind, key in keys))
    return [_home(path, tables) for path, tables in kinds.items() if any(has for _, has in tables)]


@cache
def _sections(root: type) -> list[tuple[str, str | None, frozenset[str]]]:
    """The path, kind and keys of each table of a recipe."""
    return [
        (section.path, kind_of(section.table), frozenset(map(toml_key, keys_of(section.table))))
        for section in walk(root)
    ]


def _home(path: str, tables: Sequence[tuple[str | None, bool]]) -> str:
    place = f"[{path}]" if path else "the top of the file"
    if all(has for _, has in tables):
        return place
    kinds = " or ".join(f"'{kind}'" for kind, has in tables if has)
    return f"{place} of kind {kinds}"


def _value_words(value: Any) -> str:
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else f"a list of {len(value)}"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        text = repr(value)
        return text if len(text) <= _SHOWN_LENGTH else f"{text[:_SHOWN_LENGTH]}..."
    return "a date or time"
