"""Descriptions of a recipe's typed tables: their keys, types and nested tables, in words."""

from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import attrs
from attrs import frozen

PLURALS = {"whole number": "whole numbers", "number": "numbers", "text": "texts"}
_WORDS: dict[Any, str] = {int: "whole number", float: "number", bool: "true or false", str: "text"}


def keys_of(table: type) -> tuple["attrs.Attribute[Any]", ...]:
    """The settings of a table, annotations resolved, in the order its bases declare them."""
    lineage = [base for base in reversed(table.__mro__) if attrs.has(base)]
    order = dict.fromkeys(key.name for base in lineage for key in attrs.fields(base))
    keys = attrs.fields_dict(attrs.resolve_types(table))
    return tuple(keys[name] for name in order)


def toml_key(key: "attrs.Attribute[Any]") -> str:
    """The setting's name in the file."""
    return str(key.metadata.get("key") or key.name)


def members(annotation: Any) -> tuple[Any, ...]:
    """The alternatives of a union without None; of anything else, the annotation itself."""
    if get_origin(annotation) in (Union, UnionType):
        return tuple(member for member in get_args(annotation) if member is not NoneType)
    return (annotation,)


def tables_in(annotation: Any) -> tuple[type, ...]:
    """The table classes that an annotation allows, also inside a dict or list."""
    if is_named(annotation):
        annotation = get_args(annotation)[1]
    if is_table_list(annotation):
        annotation = get_args(annotation)[0]
    return tuple(member for member in members(annotation) if attrs.has(member))


def is_named(annotation: Any) -> bool:
    """Whether the annotation is a dict: tables under names that the recipe chooses."""
    return get_origin(annotation) is dict


def is_table_list(annotation: Any) -> bool:
    """Whether the annotation is a list of tables, of which a single one may be written alone."""
    return get_origin(annotation) is tuple and attrs.has(get_args(annotation)[0])


def kind_of(table: type) -> str | None:
    """The word for `kind = ...` that picks this table from a union; None where unneeded."""
    return getattr(table, "kind", None)


@frozen
class Section:
    """A table at a place in a recipe; `path` is printable, as `optimizer.<turn>`."""

    path: str
    table: type
    counts: bool
    """Whether the table is part of a recipe's identity."""


def walk(table: type, path: str = "", *, counts: bool = True) -> Iterator[Section]:
    """Every table that a recipe may hold, in the schema's order."""
    yield Section(path, table, counts)
    for key in keys_of(table):
        inside = f"{path}.{toml_key(key)}".lstrip(".")
        if is_named(key.type):
            inside += f".<{key.metadata.get('names') or 'name'}>"
        for member in tables_in(key.type):
            yield from walk(member, inside, counts=counts and key.metadata["identity"])


def type_words(annotation: Any) -> str:
    """An annotation in words: `whole number`, `list of 2 numbers`, `'first' or 'loudest'`."""
    (first, *others) = members(annotation)
    origin, arguments = get_origin(first), get_args(first)
    if attrs.has(first) or origin is dict:
        return "table"
    assert not others, "a union of plain values has no words yet"
    if origin is Literal:
        return " or ".join(f"'{word}'" for word in arguments)
    if origin is tuple:
        count = "" if arguments[-1] is Ellipsis else f"{len(arguments)} "
        inside = type_words(arguments[0])
        return f"list of {count}{PLURALS.get(inside, inside.replace('list', 'lists', 1))}"
    return _WORDS.get(first, "table")
