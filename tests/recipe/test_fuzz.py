"""Whatever a file holds, a recipe comes out or an error that a user can read. Never a traceback."""

import re
import shutil
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import tomli
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from engine.files.text import visible_lines
from engine.recipe import (
    Recipe,
    RecipeError,
    diff_recipes,
    load_params,
    load_recipe,
    recipe_identity,
    to_plain,
    to_toml,
)
from engine.recipe.naming import recipe_name
from engine.system_support.discovery import recipe_classes
from tests.fuzz import examples

ROOT = Path(__file__).parents[2]
FILES = sorted([*(ROOT / "recipes").glob("*.toml"), *(ROOT / "upstream").glob("*.toml")])
SHIPPED = [path.read_text(encoding="utf-8") for path in FILES]
RECIPE = SHIPPED[0]
PARAMS = (ROOT / "params.toml").read_text(encoding="utf-8")
DEMO = (ROOT / "recipes" / "demo" / "codec_dac_fixed.toml").read_text(encoding="utf-8")
LINES = [line for text in (*SHIPPED, DEMO) for line in text.splitlines()]

VALUES = st.sampled_from(
    ["", "1", "-1", "0", "1.5", "inf", "-inf", "nan", "true", '"x"', "[]", "[1]", "{}", '""',
     "{ kind = 1 }", '{ kind = "adam" }', "2024-01-01", "07:32:00", "2024-01-01T00:00:00Z",
     "9" * 30, "1" + "0" * 400, str(2**63), str(2**63 - 1), str(-(2**63)), str(2**31), "1e308",
     "-1e308", "5e-324", "1e999", '"\\u0000"', "'''", "[[1], 2]", '["a", 1]', '"\\u202e"',
     '"e\\u0301"', '"../../x"', '"/dev/zero"', '"con"', '"stash"', '"' + "x" * 3000 + '"',
     "[" * 200 + "]" * 200, "{a=" * 60 + "1" + "}" * 60, "[" + "1," * 5000 + "]"]
)  # fmt: skip
KEYS = st.sampled_from(
    [*sorted({*re.findall(r"^(\w+) =", RECIPE, re.MULTILINE), "kind", "extends"}), '"еpochs"',
     '"\\u0000"', '""', '"a.b"', "training.steps", "a" * 300, '"\\u202ekind"', "profile.demo",
     '"eval/loss"', "guard"]
)  # fmt: skip
ODD_BYTES = st.sampled_from(
    [b"\x00", b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"\r", b"\r\n", b"\x1b[2J", b'"', b"'''",
     b"[[", b"]", b"{", b"=", b".", b"#", "\u202e".encode(), "\u200b".encode(), b"\xed\xa0\x80"]
)  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def folder():
    """Where the shipped recipes lie, so that the parent of a mutated one is found."""
    with TemporaryDirectory() as made, pytest.MonkeyPatch.context() as patch:
        recipes = Path(made) / "recipes"
        (recipes / "demo").mkdir(parents=True)
        for path in FILES:
            shutil.copy(path, recipes)
        patch.chdir(recipes)
        yield


def read(content: str | bytes, overrides: tuple[str, ...] = (), folder: str = ".") -> object:
    """The recipe, after everything that is done with one; or what the error says."""
    path = Path(folder) / "mutated.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    try:
        recipe = load_recipe(path, classes=recipe_classes(), overrides=(*overrides, "name=mutated"))
    except RecipeError as error:
        said = str(error)
        assert visible_lines(said) == said
        assert len(said) < 500_000
        return said
    assert recipe_name(recipe.name) is None
    assert len(recipe_identity(recipe)) == 12
    assert not diff_recipes(tomli.loads(to_toml(recipe)), to_plain(recipe))
    return recipe


@pytest.mark.parametrize("text", SHIPPED)
def test_the_unchanged_recipes_are_sound(text):
    assert isinstance(read(text), Recipe)


@examples(250)
@given(st.integers(0, len(LINES) - 1), KEYS, VALUES, st.sampled_from(["change", "add", "drop"]))
def test_a_line_changed_added_or_dropped(number, key, value, how):
    lines = list(RECIPE.splitlines())
    number %= len(lines)
    if how == "drop":
        del lines[number]
    elif how == "add":
        lines.insert(number, f"{key} = {value}")
    else:
        lines[number] = f"{lines[number].partition('=')[0]}= {value}"
    read("\n".join(lines))


@examples(100)
@given(st.integers(0, DEMO.count("\n")), KEYS, VALUES, st.booleans())
def test_a_demo_with_a_line_changed(number, key, value, keep_key):
    parent = Path("codec_dac_fixed.toml").read_text(encoding="utf-8")
    Path("mutated.toml").write_text(parent, encoding="utf-8")
    lines = [*DEMO.replace("codec_dac_fixed.toml", "mutated.toml").splitlines(), ""]
    key = lines[number].partition("=")[0] if keep_key else key
    lines[number] = f"{key} = {value}"
    read("\n".join(lines), folder="demo")


@examples(150)
@given(st.sampled_from(SHIPPED), st.integers(0), st.integers(0, 3), st.text(max_size=4))
def test_characters_changed(recipe, start, length, text):
    start %= len(recipe)
    read((recipe[:start] + text + recipe[start + length :]).encode(errors="surrogatepass"))


@examples(250)
@given(
    st.sampled_from(SHIPPED),
    st.lists(
        st.tuples(st.sampled_from(["flip", "cut", "insert"]), st.integers(0), ODD_BYTES),
        min_size=1,
        max_size=4,
    ),
)
def test_bytes_flipped_cut_and_inserted(recipe, changes):
    content = bytearray(recipe.encode())
    for how, where, odd in changes:
        at = where % len(content)
        if how == "flip":
            content[at] ^= 1 << where % 8
        elif how == "cut":
            del content[at : at + 1 + where % 40]
        else:
            content[at:at] = odd
    read(bytes(content))


@examples(150)
@given(st.lists(st.sampled_from(LINES), max_size=60))
def test_lines_of_all_recipes_spliced(lines):
    read("\n".join(lines))


_trees = st.recursive(
    st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=10,
)
_TOP = st.sampled_from(
    ["schema", "name", "system", "dataset", "model", "losses", "optimizer", "schedule", "training",
     "start", "guard", "expect", "verdict", "samples", "profile", "extends"]
)  # fmt: skip


@examples(200)
@given(st.dictionaries(_TOP, _trees, max_size=5))
def test_tables_of_anything(tables):
    top = {"system": "vqvae", **tables}
    read(tomli_w.dumps(top).encode(errors="surrogatepass"))


@examples(200)
@given(st.lists(_TOP | KEYS, min_size=1, max_size=3), _trees)
def test_any_part_replaced_by_anything(keys, tree):
    top = tomli.loads(RECIPE)
    table = top
    for key in keys[:-1]:
        inner = table.get(key)
        table = inner if isinstance(inner, dict) else table
    table[keys[-1]] = tree
    read(tomli_w.dumps(top).encode(errors="surrogatepass"))


@examples(300)
@given(
    st.lists(
        st.text(max_size=12)
        | st.builds("{}={}".format, st.lists(_TOP | KEYS, max_size=4).map(".".join), VALUES)
        | st.builds("{}={}".format, _TOP, st.text(max_size=6)),
        min_size=1,
        max_size=3,
    )
)
def test_overrides_of_anything(overrides):
    read(RECIPE, tuple(overrides))


@examples(150)
@given(st.integers(0, PARAMS.count("\n")), KEYS, VALUES, st.booleans())
def test_params_with_a_changed_line(number, key, value, keep_key):
    lines = [*PARAMS.splitlines(), ""]
    key = lines[number].partition("=")[0] if keep_key else key
    lines[number] = f"{key} = {value}"
    path = Path("params.toml")
    path.write_text("\n".join(lines), encoding="utf-8")
    with suppress(RecipeError):
        assert load_params(path).corpora is not None
