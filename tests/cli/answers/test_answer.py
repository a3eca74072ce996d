"""How an answer becomes one JSON document."""

import json
import math
from collections.abc import Mapping
from pathlib import Path

from attrs import frozen

from engine.cli.answers.answer import Answer, as_json, document
from engine.cli.answers.json_schema import schema_of


@frozen(kw_only=True)
class Figure:
    """A figure."""

    value: float
    """The measured value."""


@frozen(kw_only=True)
class Measured(Answer):
    """What a command measured."""

    SCHEMA = "cantus.measured/1"

    figures: tuple[Figure, ...]
    """The figures."""
    by_name: Mapping[str, float | None]
    file: str | None = None


def measured(*values: float) -> Measured:
    figures = tuple(Figure(value=value) for value in values)
    return Measured(figures=figures, by_name={"b": 1.0, "a": None})


def test_figures_that_are_not_finite_are_null_and_named():
    found = json.loads(as_json(measured(1.5, math.nan, math.inf, -math.inf)))
    assert [one["value"] for one in found["figures"]] == [1.5, None, None, None]
    assert found["not_finite"] == {
        "figures[1].value": "nan",
        "figures[2].value": "infinity",
        "figures[3].value": "-infinity",
    }


def test_a_document_begins_with_its_version_and_keeps_its_order():
    found = document(measured(1.0))
    assert [*found] == [
        "schema",
        "exit_code",
        "notes",
        "figures",
        "by_name",
        "file",
        "not_finite",
    ]
    assert found["schema"] == "cantus.measured/1"
    assert [*found["by_name"]] == ["b", "a"]


def test_paths_are_texts():
    named = Measured(figures=(), by_name={}, file=Path("a/b"))  # type: ignore[arg-type]
    assert document(named)["file"] == "a/b"


def test_the_schema_has_types_and_what_fields_mean():
    schema = schema_of(Measured)
    fields = schema["properties"]
    assert fields["schema"]["const"] == "cantus.measured/1"
    assert fields["figures"]["description"] == "The figures."
    inside = fields["figures"]["items"]["properties"]["value"]
    assert inside == {"type": ["number", "null"], "description": "The measured value."}
    assert fields["file"] == {"type": ["string", "null"]}
    assert "not_finite" in schema["required"]
