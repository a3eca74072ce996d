"""The JSON Schemas in docs/schemas, and the rule that no field of a version goes."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from engine.cli.answers.json_schema import schema_of
from engine.cli.answers.registry import ANSWERS, schema_files

DOCS = Path(__file__).parents[3] / "docs"
FIELDS = Path(__file__).with_name("fields.txt")
"""Every field of every version. A line may be added, and goes only with its version."""


def test_the_written_schemas_are_up_to_date():
    written = {path.name: path.read_text() for path in (DOCS / "schemas").glob("*.json")}
    assert written == dict(schema_files()), "run: cantus schema --write"


@pytest.mark.parametrize("name", ANSWERS)
def test_a_schema_is_one_of_json_schema_and_describes_every_field(name):
    schema = schema_of(ANSWERS[name])
    jsonschema.Draft202012Validator.check_schema(schema)
    of_reports = ("corpora[].report.",)  # described where reports are
    bare = [path for path, one in fields(schema) if "description" not in one]
    assert [path for path in bare if not path.startswith(of_reports)] == []


def test_no_field_of_a_version_is_gone():
    there = {
        f"{name} {path}" for name, one in ANSWERS.items() for path, _ in fields(schema_of(one))
    }
    known = set(FIELDS.read_text().splitlines())
    assert sorted(known - there) == [], "a field that goes raises the number of the version"
    assert sorted(there - known) == [], "add these lines to fields.txt"


def fields(schema: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every named field of a schema, by its path."""
    for one in (schema, *schema.get("anyOf", ())):
        for name, inside in one.get("properties", {}).items():
            yield f"{path}{name}", inside
            yield from fields(inside, f"{path}{name}.")
        for key, sign in (("items", "[]."), ("additionalProperties", "{}.")):
            if isinstance(one.get(key), dict):
                yield from fields(one[key], f"{path.removesuffix('.')}{sign}")
