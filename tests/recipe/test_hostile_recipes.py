"""Recipes built to hang, to grow or to lead elsewhere: each is refused at once, in a sentence."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import tomli

from engine.recipe import RecipeError, load_recipe
from engine.recipe.naming import GIT_OWN, recipe_name
from engine.recipe.overrides import parse_override
from engine.system_support.discovery import recipe_classes


def refusal(path: Path, *overrides: str) -> str:
    with pytest.raises(RecipeError) as caught:
        load_recipe(path, classes=recipe_classes(), overrides=overrides)
    assert len(str(caught.value)) < 400_000
    return str(caught.value)


def test_fifty_megabytes_are_not_read(folder):
    path = folder / "words.toml"
    path.write_bytes(b"# padding\n" * 5_000_000)
    assert refusal(path) == "words.toml  larger than 128 kB; a recipe has about 3 kB"


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(f"k{number} = 1" for number in range(10_000)),
        "a = [" + "1," * 20_000 + "]",
        "a = [" + "{b = 1}," * 9_000 + "]",
        "\n".join(f"[profile.p{number}]" for number in range(6_000)),
        "[[a]]\n" * 20_000,
    ],
    ids=["keys", "list", "tables", "profiles", "array"],
)
def test_more_values_than_anybody_writes(write, text):
    assert "holds more than 4,000 values" in refusal(write(text))


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 40 + "]" * 40,
        "a = " + "{b = " * 40 + "1" + "}" * 40,
        ".".join("a" * 900) + " = 1",
        ".".join("a" * 60_000) + " = 1",
        "a = " + "[" * 60_000,
        "a = " + "{b = " * 20_000,
        "".join(f"[{'.'.join('a' * 900)}.b{number}]\n" for number in range(60)),
    ],
    ids=["lists", "tables", "key", "long key", "open lists", "open tables", "headers"],
)
def test_depth_without_end(write, text):
    assert "nested more than 32 deep" in (said := refusal(write(text))) or "not valid TOML" in said


def test_many_unknown_keys_are_counted_not_all_told(write, minimal):
    said = refusal(write("\n".join(f"k{n} = 1" for n in range(1_500)) + "\n" + minimal))
    assert said.startswith("1500 faults\n")
    assert said.endswith("\nand 1,400 more")


def test_a_key_of_a_hundred_thousand_letters_is_cut(write, minimal):
    assert len(refusal(write(f"{'k' * 100_000} = 1\n{minimal}"))) < 2_500


def test_a_value_of_a_hundred_thousand_letters_is_cut(write, minimal):
    assert len(refusal(write(minimal.replace('"words"', f'"{"w" * 100_000}"', 1)))) < 2_500


@pytest.mark.parametrize("kind", ["pipe", "folder", "endless", "loop", "nowhere"])
def test_what_is_no_plain_file_is_not_opened(folder, kind):
    path = folder / "words.toml"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to({"endless": "/dev/zero", "loop": path, "nowhere": "/nowhere"}[kind])
    assert refusal(path).startswith("words.toml  ")


@pytest.mark.parametrize(
    "parent",
    [
        "/dev/zero", "/dev/random", "/etc/passwd", "../words.toml", "..", ".", "", "sub/a.toml",
        "./words.toml", "parent", "a\\u0000.toml", "x" * 5000 + ".toml", "~/a.toml", "con",
        "\\u202eparent.toml", "file:///etc/passwd", "https://example.org/a.toml",
    ],
)  # fmt: skip
def test_a_parent_is_a_plain_file_of_recipes(write, minimal, parent):
    assert "extends: " in refusal(write(f'extends = "{parent}"\n{minimal}'))


@pytest.mark.parametrize("kind", ["pipe", "folder", "endless", "loop"])
def test_a_parent_that_is_no_plain_file(write, folder, minimal, kind):
    path = folder / "parent.toml"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to({"endless": "/dev/zero", "loop": path}[kind])
    assert "extends: no such file" in refusal(write(f'extends = "parent.toml"\n{minimal}'))


def test_two_thousand_parents_in_a_row(write, folder, minimal):
    for number in range(2_000):
        write(f'extends = "p{number + 1}.toml"\n', f"p{number}")
    said = refusal(write(f'extends = "p0.toml"\n{minimal}'))
    assert said.startswith("p15.toml:1  extends: a chain of more than 16 recipes")


def test_sixteen_parents_in_a_row_are_read(write, minimal):
    bulk = "\n".join(f'"{"k" * 28}{number}" = 1' for number in range(500))
    for number in range(16):
        extends = f'extends = "p{number + 1}.toml"\n' if number < 15 else ""
        write(extends + bulk, f"p{number}")
    assert "500 faults" in refusal(write(f'extends = "p0.toml"\n{minimal}'))


@pytest.mark.parametrize(
    "name",
    ["../../x", "", " ", "a b", "a/b", "a\\\\b", ".git", "-x", "con", "NUL", "com1", "a" * 65,
     "a" * 300, "é", "е", "a\\u0000", "a\\nb", *sorted(GIT_OWN), "STASH"],
)  # fmt: skip
def test_names_that_folders_and_refs_cannot_bear(write, minimal, name):
    said = refusal(write(minimal.replace('"words"', f'"{name}"', 1)))
    assert "words.toml:2  name: " in said
    assert "words.toml:" in refusal(write(f'{minimal}[start]\nfrom = "{name}"\n'))


@pytest.mark.parametrize("name", ["words", "a" * 64, "_", "9", "Heads_up", "contact"])
def test_names_that_they_can(name):
    assert recipe_name(name) is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('"еpochs" = 3', "did you mean 'epochs'?; it holds U+0435 CYRILLIC SMALL LETTER IE"),
        ('"epochs\\u200b" = 3', "it holds U+200B ZERO WIDTH SPACE"),
        ('"e\\u0301pochs" = 3', "it holds U+0301 COMBINING ACUTE ACCENT"),
        ('"Ьest" = 1', "it holds U+042C CYRILLIC CAPITAL LETTER SOFT SIGN"),
    ],
)
def test_letters_that_only_look_alike_are_named(write, minimal, text, says):
    assert says in refusal(write(minimal.replace("epochs = 5", f"epochs = 5\n{text}")))


@pytest.mark.parametrize("odd", ["\\u202e", "\\u2066", "\\u001b[2J", "\\u0000", "\\u007f"])
def test_what_a_reader_cannot_see_is_refused_and_escaped(write, minimal, odd):
    said = refusal(write(minimal.replace("a test", f"a {odd}test")))
    assert "control character (U+" in said
    assert said.isprintable()


@pytest.mark.parametrize(
    "override",
    [
        ".".join("a" * 900) + "=1", ".".join("a" * 5_000) + "=1", "a=" + "[" * 300 + "]" * 300,
        "a=" + "[" * 9_000, "a=" + "{b=" * 100 + "1" + "}" * 100, "=" * 9_000, "'" * 9_000,
        "a=[" + "1," * 50_000 + "]", "\udcff=1", "a\0b=1",
    ],
)  # fmt: skip
def test_overrides_without_end(override):
    with pytest.raises(RecipeError) as caught:
        parse_override(override)
    assert len(str(caught.value)) < 6_000


@pytest.mark.parametrize("odd", ["\udcff", "\0", "\u202e", "\x1b"])
def test_overrides_that_cannot_be_written(write, minimal, odd):
    assert "summary" in refusal(write(minimal), f"summary='a{odd}b'")


@pytest.mark.parametrize(
    "name", ["../../x", "a/b", "", ".", "..", ".git", "-rf", "a b", "con", "a" * 65, "é"]
)
def test_corpora_are_named_as_folders_can_be(folder, name):
    from engine.recipe import load_params

    text = (Path(__file__).parents[2] / "params.toml").read_text(encoding="utf-8")
    (folder / "params.toml").write_text(text.replace("[corpora.words]", f'[corpora."{name}"]'))
    assert tomli.loads((folder / "params.toml").read_text())["corpora"][name]
    with pytest.raises(RecipeError, match="corpora: the corpus"):
        load_params(folder / "params.toml")


@pytest.mark.parametrize("command", ["check", "resolve", "train", "diff"])
def test_the_command_line_in_a_process_of_its_own(folder, minimal, command):
    subprocess.run(["git", "init", "-q", "."], check=True)
    root = Path(__file__).parents[2]
    (folder / "params.toml").write_bytes((root / "params.toml").read_bytes())
    (folder / "recipes" / "demo").mkdir(parents=True)
    words = [command, "words", *(["words"] if command == "diff" else [])]
    for text in ("a = " + "[" * 9_000, minimal + '"\\u001b[2J" = 1\n', 'extends = "words.toml"\n'):
        (folder / "recipes" / "words.toml").write_text(text, encoding="utf-8")
        answer = subprocess.run(
            [sys.executable, "-m", "engine", *words],
            capture_output=True,
            text=True,
            env=os.environ | {"PYTHONPATH": str(root)},
            check=False,
            timeout=60,
        )
        assert answer.returncode == 2, answer.stderr
        assert answer.stderr.startswith("error: recipes/words.toml")
        assert "\x1b" not in answer.stderr
