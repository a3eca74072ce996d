"""Frozen tables from plain TOML values, strictly: nothing unknown, nothing coerced.

cattrs does the structuring. The hooks below close its coercions (3.7 to 3, "false" to True) and
read `kind`; `messages.py` puts its errors into words.
"""

import math
from collections.abc import Callable, Sequence
from functools import cache
from types import GenericAlias
from typing import Any, Literal, TypeVar, get_args, get_origin

import attrs
from cattrs import Converter
from cattrs.errors import BaseValidationError, ClassValidationError
from cattrs.gen import make_dict_structure_fn, override

from engine.recipe.faults import KeyPath
from engine.recipe.messages import Invalid, complaints, expected, unknown_word
from engine.recipe.metric_names import naming_faults
from engine.recipe.schema import Recipe
from engine.recipe.tables import is_named, is_table_list, keys_of, kind_of, members, toml_key

Table = TypeVar("Table")
Hook = Callable[[Any, Any], Any]


def structure(
    values: object, table: type[Table], system: type[Recipe] | None = None
) -> tuple[Table | None, list[tuple[KeyPath, str]]]:
    """The table of plain values, or None and every fault: (key path, fault in words).

    `system` is the recipe class whose metrics and turns may be named; None leaves names unchecked.
    """
    try:
        converter = _converter(system)  # type: ignore[arg-type]  # a class is hashable
        return converter.structure(values, table), []
    except (BaseValidationError, Invalid) as error:
        return None, list(complaints(error, table))


@cache
def _converter(system: type[Recipe] | None) -> Converter:
    converter = Converter()
    for plain in (int, float, bool, str):
        converter.register_structure_hook(plain, _plain_value)
    converter.register_structure_hook_factory(_is_literal, _literal_hook)
    converter.register_structure_hook_factory(
        attrs.has, lambda table: _table_hook(table, converter, system)
    )
    converter.register_structure_hook_factory(
        _is_tagged, lambda union: _tagged_hook(union, converter)
    )
    converter.register_structure_hook_factory(
        is_table_list, lambda tables: _table_list_hook(tables, converter)
    )
    return converter


def _plain_value(value: Any, type_: Any) -> Any:
    whole_for_number = type_ is float and type(value) is int
    if type(value) is not type_ and not whole_for_number:
        raise expected(value, type_)
    if type(value) is float and not math.isfinite(value):
        raise Invalid("expected a finite number")
    if type(value) is int and not -(2**63) <= value < 2**63:
        raise Invalid("does not fit in 64 bits")
    return type_(value)


def _is_literal(type_: Any) -> bool:
    return get_origin(type_) is Literal


def _literal_hook(type_: Any) -> Hook:
    words = get_args(type_)

    def hook(value: Any, _: Any) -> Any:
        if value not in words:
            raise unknown_word(value, words)
        return value

    return hook


def _table_hook(table: type, converter: Converter, system: type[Recipe] | None) -> Hook:
    overrides: dict[str, Any] = {
        key.name: override(rename=toml_key(key), struct_hook=_setting_hook(key, converter, system))
        for key in keys_of(table)
    }
    build: Hook = make_dict_structure_fn(
        table, converter, _cattrs_forbid_extra_keys=True, **overrides
    )

    def hook(value: Any, _: Any) -> Any:
        if not isinstance(value, dict):
            raise expected(value, table)
        # A single possible table needs no kind, but a resolved recipe names it.
        named = kind_of(table) is not None and value.get("kind") == kind_of(table)
        given = {key: inner for key, inner in value.items() if not (named and key == "kind")}
        built = build(given, table)
        checks = getattr(built, "cross_checks", tuple)
        _raise_all([Invalid(what, _split(where)) for where, what in checks()])
        return built

    return hook


def _setting_hook(
    key: "attrs.Attribute[Any]", converter: Converter, system: type[Recipe] | None
) -> Hook:
    alternatives = members(key.type)
    type_ = alternatives[0] if len(alternatives) == 1 else key.type  # TOML has no None
    required = key.default is attrs.NOTHING

    def hook(value: Any, _: Any) -> Any:
        naming = naming_faults(key.metadata["names"], value, system, required=required)
        faults: list[Exception] = [Invalid(what, where) for where, what in naming]
        try:
            built = _structure_value(value, type_, converter)
            wrong = key.metadata["check"] and key.metadata["check"](built)
            _raise_all([Invalid(wrong)] if wrong else [])
        except (BaseValidationError, Invalid) as error:
            faults.append(error)
        _raise_all(faults)
        return built

    return hook


def _structure_value(value: Any, type_: Any, converter: Converter) -> Any:
    if is_named(type_) and not isinstance(value, dict):
        raise expected(value, type_)
    if get_origin(type_) is tuple:
        return _structure_list(value, type_, converter)
    return converter.structure(value, type_)


def _structure_list(value: Any, type_: Any, converter: Converter) -> tuple[Any, ...]:
    item, *others = get_args(type_)
    fixed = others != [Ellipsis]
    assert not fixed or all(other is item for other in others), "lists hold one type"
    if not isinstance(value, list) or (fixed and len(value) != 1 + len(others)):
        raise expected(value, type_)
    items: Any = GenericAlias(list, item)
    return tuple(converter.structure(value, items))


def _table_list_hook(type_: Any, converter: Converter) -> Hook:
    item = get_args(type_)[0]

    def hook(value: Any, _: Any) -> Any:
        if isinstance(value, dict):
            return (converter.structure(value, item),)
        if not isinstance(value, list):
            raise expected(value, item)
        if not value:
            raise Invalid("must not be empty")
        items: Any = GenericAlias(list, item)
        return tuple(converter.structure(value, items))

    return hook


def _is_tagged(type_: Any) -> bool:
    """Whether an annotation is a union of tables, which differ by `kind`."""
    alternatives = members(type_)
    return len(alternatives) > 1 and all(attrs.has(member) for member in alternatives)


def _tagged_hook(union: Any, converter: Converter) -> Hook:
    tables = {str(kind_of(table)): table for table in members(union)}

    def hook(value: Any, _: Any) -> Any:
        if not isinstance(value, dict):
            raise expected(value, union)
        kind = value.get("kind")
        if not isinstance(kind, str) or kind not in tables:
            raise unknown_word(kind, list(tables), ("kind",))
        rest = {key: inner for key, inner in value.items() if key != "kind"}
        return converter.structure(rest, tables[kind])

    return hook


def _raise_all(faults: Sequence[Exception]) -> None:
    if faults:
        raise ClassValidationError("", faults, object)


def _split(path: str) -> KeyPath:
    return tuple(path.split(".")) if path else ()
