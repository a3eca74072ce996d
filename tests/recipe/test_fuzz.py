"""Whatever a file holds, a recipe comes out or an error that a user can read. Never a traceback."""

import re
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.recipe import Recipe, RecipeError, load_params, load_recipe, recipe_profiles
from engine.systems import recipe_classes

ROOT = Path(__file__).parents[2]
RECIPE = (ROOT / "recipes" / "audio_vae.toml").read_text(encoding="utf-8")
PARAMS = (ROOT / "params.toml").read_text(encoding="utf-8")
LINES = RECIPE.splitlines()

VALUES = st.sampled_from(
    ["", "1", "-1", "0", "1.5", "inf", "nan", "true", '"x"', "[]", "[1]", "{}", "{ kind = 1 }",
     '{ kind = "adam" }', "2024-01-01", "07:32:00", "9" * 30, '"\\u0000"', "'''", "[[1], 2]"]
)  # fmt: skip
KEYS = st.sampled_from(sorted({*re.findall(r"^(\w+) =", RECIPE, re.MULTILINE), "kind", "extends"}))


def read(text: str, profile: str = "full") -> Recipe | str:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "audio_vae.toml"
        path.write_text(text, encoding="utf-8")
        try:
            recipe_profiles(path)
            return load_recipe(path, classes=recipe_classes(), profile=profile)
        except RecipeError as error:
            return str(error)


def test_the_unchanged_recipe_is_sound():
    assert isinstance(read(RECIPE), Recipe)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(LINES) - 1), KEYS, VALUES, st.sampled_from(["change", "add", "drop"]))
def test_a_line_changed_added_or_dropped(number, key, value, how):
    lines = list(LINES)
    if how == "drop":
        del lines[number]
    elif how == "add":
        lines.insert(number, f"{key} = {value}")
    else:
        lines[number] = f"{lines[number].partition('=')[0]}= {value}"
    read("\n".join(lines), "demo")


@settings(max_examples=100, deadline=None)
@given(st.integers(0, len(RECIPE)), st.integers(0, 3), st.text(max_size=4))
def test_characters_changed(start, length, text):
    read(RECIPE[:start] + text + RECIPE[start + length :])


_trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=10,
).filter(lambda tree: tree is not None)
_TOP = st.sampled_from(
    ["schema", "name", "system", "dataset", "model", "losses", "optimizer", "schedule", "training",
     "start", "guard", "expect", "verdict", "samples", "profile", "extends"]
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(_TOP, _trees, max_size=5))
def test_tables_of_anything(tables):
    top = {"system": "vqvae", **tables}
    read(tomli_w.dumps(_without_none(top)))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, PARAMS.count("\n")), VALUES)
def test_params_with_a_changed_line(number, value):
    lines = [*PARAMS.splitlines(), ""]
    lines[number] = f"{lines[number].partition('=')[0]}= {value}"
    with TemporaryDirectory() as folder:
        path = Path(folder) / "params.toml"
        path.write_text("\n".join(lines), encoding="utf-8")
        with suppress(RecipeError):
            assert load_params(path).corpora is not None


def _without_none(tree):
    if isinstance(tree, dict):
        return {key: _without_none(value) for key, value in tree.items() if value is not None}
    if isinstance(tree, list):
        return [_without_none(value) for value in tree if value is not None]
    return tree
