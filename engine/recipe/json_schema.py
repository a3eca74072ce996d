"""The JSON schema (draft 7) of recipes, from which editors complete and explain.

The schema helps while writing; `cantus check` decides. No key is required, since a parent may give
it, and tables that differ by `kind` are alternatives.
"""

from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin

import attrs

from engine.recipe.metric_names import LISTENING_RESULTS, known_metrics, known_results
from engine.recipe.schema import Recipe
from engine.recipe.tables import (
    is_named,
    is_table_list,
    keys_of,
    kind_of,
    members,
    tables_in,
    toml_key,
)

_PLAIN = {int: "integer", float: "number", bool: "boolean", str: "string"}


def json_schema(classes: Mapping[str, type[Recipe]]) -> dict[str, Any]:
    """The schema of the recipes of all systems."""
    systems = [_recipe(word, system) for word, system in classes.items()]
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Cantus recipe",
        **(systems[0] if len(systems) == 1 else {"anyOf": systems}),
    }


def _recipe(word: str, system: type[Recipe]) -> dict[str, Any]:
    schema = _table(system, system)
    properties = schema["properties"]
    properties["system"] = {**properties["system"], "enum": [word]}
    properties["extends"] = {
        "type": "string",
        "description": "parent recipe, by its path from this file",
    }
    return schema


def _table(table: type, system: type[Recipe]) -> dict[str, Any]:
    properties = {toml_key(key): _setting(key, system) for key in keys_of(table)}
    kind = kind_of(table)
    if kind is not None:
        properties = {"kind": {"enum": [kind], "description": _summary(table)}, **properties}
    return {
        "type": "object",
        "description": _summary(table),
        "properties": properties,
        "additionalProperties": False,
    }


def _setting(key: "attrs.Attribute[Any]", system: type[Recipe]) -> dict[str, Any]:
    schema = {**_type(key.type, system), "description": key.metadata["doc"]}
    names = key.metadata["names"]
    if names == "metric":
        known = {"examples": list(known_metrics(system))}
        schema |= {"propertyNames": known} if schema["type"] == "object" else known
    if names == "result":
        schema["examples"] = list(known_results(system))
    if names == "verdict":
        schema["examples"] = [*known_results(system), *LISTENING_RESULTS]
    if names == "turn":
        inside = schema.pop("additionalProperties")
        schema |= {"properties": dict.fromkeys(system.turns, inside), "additionalProperties": False}
    if isinstance(key.default, str | int | float):
        schema["default"] = key.default
    return schema


def _type(annotation: Any, system: type[Recipe]) -> dict[str, Any]:
    tables = [_table(table, system) for table in tables_in(annotation)]
    if tables:
        schema = tables[0] if len(tables) == 1 else {"anyOf": tables}
        if not is_named(annotation):
            return schema
        if is_table_list(get_args(annotation)[1]):
            schema = {"anyOf": [schema, {"type": "array", "items": schema, "minItems": 1}]}
        return {"type": "object", "additionalProperties": schema}
    (plain,) = members(annotation)
    if get_origin(plain) is Literal:
        return {"enum": list(get_args(plain))}
    if get_origin(plain) is tuple:
        return {"type": "array", "items": _type(get_args(plain)[0], system)}
    return {"type": _PLAIN.get(plain, "object")}


def _summary(table: type) -> str:
    return (table.__doc__ or "").strip().split("\n")[0]
