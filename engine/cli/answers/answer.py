"""The base of what `--json` prints, and how it becomes one JSON document.

Rules for versions: within a version, fields are added, never removed or renamed, and never change
their meaning. What would break a reader raises the number behind the slash of `schema`.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any, ClassVar

import attrs
from attrs import frozen

_NOT_FINITE = {math.inf: "infinity", -math.inf: "-infinity"}


@frozen(kw_only=True)
class Answer:
    """What every document has besides `schema` and `not_finite`."""

    SCHEMA: ClassVar[str]
    """Name and version of the document: `cantus.check/1`."""

    exit_code: int = 0
    """The exit code of the command."""
    notes: tuple[str, ...] = ()
    """Remarks, each a sentence for people."""


def document(answer: Answer) -> dict[str, Any]:
    """The answer as plain values, fields in the order of their class.

    JSON has no nan and no infinity: such a figure is null, and `not_finite` says by its path what
    it was.
    """
    content = {"schema": answer.SCHEMA, **_plain(answer)}
    lost = dict(_not_finite(content, ""))
    return {**_finite(content), "not_finite": lost}


def as_json(answer: Answer) -> str:
    """The answer as JSON text. The same answer gives the same text."""
    return json.dumps(document(answer), indent=1, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    if attrs.has(type(value)):
        return {one.name: _plain(getattr(value, one.name)) for one in attrs.fields(type(value))}
    if isinstance(value, Mapping):
        return {str(key): _plain(inside) for key, inside in value.items()}
    if isinstance(value, str | PurePath):
        return str(value)
    if isinstance(value, Sequence):
        return [_plain(inside) for inside in value]
    assert value is None or isinstance(value, bool | int | float), f"{value!r} is not plain"
    return value


def _not_finite(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Paths of figures that are not finite (`figures[2].difference`), and what they are."""
    if isinstance(value, float) and not math.isfinite(value):
        yield path, _NOT_FINITE.get(value, "nan")
    elif isinstance(value, dict):
        for key, inside in value.items():
            yield from _not_finite(inside, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for place, inside in enumerate(value):
            yield from _not_finite(inside, f"{path}[{place}]")


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(inside) for key, inside in value.items()}
    return [_finite(inside) for inside in value] if isinstance(value, list) else value
