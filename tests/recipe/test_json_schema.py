import json
from pathlib import Path

import pytest
import tomli

from engine.recipe.json_schema import json_schema
from engine.system_support.discovery import recipe_classes

ROOT = Path(__file__).parents[2]
RECIPES = sorted([*ROOT.glob("recipes/**/*.toml"), *ROOT.glob("upstream/*.toml")])
SCHEMA = json_schema(recipe_classes())


def unknown(value, schema, path="") -> list[str]:
    """The keys of a recipe that no alternative of the schema offers."""
    if "anyOf" in schema:
        return min((unknown(value, one, path) for one in schema["anyOf"]), key=len)
    if isinstance(value, list) and "items" in schema and "properties" in schema["items"]:
        return [key for one in value for key in unknown(one, schema["items"], path)]
    if not isinstance(value, dict):
        allowed = schema.get("enum", [value])
        return [] if value in allowed else [f"{path}={value}"]
    found = []
    for key, inner in value.items():
        below = schema["properties"].get(key) if "properties" in schema else None
        below = below or schema.get("additionalProperties")
        found += unknown(inner, below, f"{path}.{key}") if below else [f"{path}.{key}"]
    return found


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_every_shipped_recipe_is_covered(path):
    assert unknown(tomli.loads(path.read_text(encoding="utf-8")), SCHEMA) == []


def test_recipes_are_shipped():
    assert RECIPES


def test_what_is_unknown_is_not_covered(minimal):
    values = tomli.loads(minimal)
    values["training"]["epoch"] = 5
    values["model"]["kind"] = "puzle"
    values["guard"] = {"eval/loss": {"bellow": 1.0}}
    assert sorted(unknown(values, SCHEMA)) == [
        ".guard.eval/loss.bellow",
        ".model.kind=puzle",
        ".training.epoch",
    ]


def test_metrics_and_turns_are_offered():
    (vqvae,) = [
        one["properties"]
        for one in SCHEMA["anyOf"]
        if one["properties"]["system"]["enum"] == ["vqvae"]
    ]
    assert "eval/rmse_db" in vqvae["training"]["properties"]["best"]["examples"]
    assert "eval/rmse_db" in vqvae["guard"]["propertyNames"]["examples"]
    assert list(vqvae["optimizer"]["properties"]) == ["autoencoder"]


def test_several_systems_are_alternatives():
    system = recipe_classes()["vqvae"]
    schema = json_schema({"one": system, "two": system})
    words = [one["properties"]["system"]["enum"] for one in schema["anyOf"]]
    assert words == [["one"], ["two"]]


def test_it_is_json():
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA
