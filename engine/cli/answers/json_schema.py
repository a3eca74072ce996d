"""The JSON Schema (draft 2020-12) of an answer, made from its class.

A reader may meet more fields than its schema names, since fields are added within a version.
"""

import ast
import inspect
from collections.abc import Mapping, Sequence
from itertools import pairwise
from textwrap import dedent
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import attrs

from engine.cli.answers.answer import Answer

_PLAIN = {int: "integer", bool: "boolean", str: "string", float: "number", NoneType: "null"}
_NOT_FINITE = {
    "type": "object",
    "description": (
        "figures that are not numbers, which are null in the document: their path, and nan, "
        "infinity or -infinity"
    ),
    "additionalProperties": {"enum": ["nan", "infinity", "-infinity"]},
}


def schema_of(answer: type[Answer]) -> dict[str, Any]:
    """The schema of the documents of a command."""
    table = _table(answer)
    named = {"const": answer.SCHEMA, "description": "name and version of this schema"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": answer.SCHEMA,
        **table,
        "properties": {"schema": named, **table["properties"], "not_finite": _NOT_FINITE},
        "required": ["schema", *table["required"], "not_finite"],
    }


def _table(kind: type) -> dict[str, Any]:
    hints, fields, docs = get_type_hints(kind), attrs.fields(kind), _docs(kind)
    return {
        "type": "object",
        "description": (kind.__doc__ or "").strip().split("\n")[0],
        "properties": {
            one.name: _type(hints[one.name])
            | ({"description": docs[one.name]} if one.name in docs else {})
            for one in fields
        },
        "required": [one.name for one in fields],
    }


def _docs(kind: type) -> dict[str, str]:
    """The docstring below each field of a class and of its bases, which Python does not keep."""
    docs: dict[str, str] = {}
    for base in reversed([one for one in kind.__mro__ if attrs.has(one)]):
        (tree,) = ast.parse(dedent(inspect.getsource(base))).body
        assert isinstance(tree, ast.ClassDef), f"{base} is a class"
        for field, below in pairwise(tree.body):
            if isinstance(field, ast.AnnAssign) and isinstance(below, ast.Expr):
                name, text = ast.unparse(field.target), ast.literal_eval(below.value)
                docs[name] = " ".join(str(text).split())
    return docs


def _type(hint: Any) -> dict[str, Any]:
    origin, inside = get_origin(hint), get_args(hint)
    if hint is Any:
        return {}
    if origin is Literal:
        return {"enum": list(inside)}
    if origin in (Union, UnionType):
        return _either([_type(one) for one in inside])
    if origin is tuple or (isinstance(origin, type) and issubclass(origin, Sequence)):
        return {"type": "array", "items": _type(inside[0])}
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": _type(inside[1])}
    if attrs.has(hint):
        return _table(hint)
    return {"type": ["number", "null"]} if hint is float else {"type": _PLAIN[hint]}


def _either(kinds: list[dict[str, Any]]) -> dict[str, Any]:
    """One of several types; plain ones in a list."""
    if all(set(one) == {"type"} for one in kinds):
        names = [one["type"] for one in kinds]
        flat = [n for name in names for n in (name if isinstance(name, list) else [name])]
        return {"type": list(dict.fromkeys(flat))}
    return {"anyOf": kinds}
