import re

import pytest

from engine.recipe import RecipeError
from engine.recipe.read import forbidden_values, read_layer


def message(call, *arguments) -> str:
    with pytest.raises(RecipeError) as caught:
        call(*arguments)
    return str(caught.value)


def test_a_syntax_error_names_file_and_line(write):
    assert message(read_layer, write('a = 1\nb = "open\n')).startswith(
        "words.toml:2  not valid TOML"
    )


def test_a_missing_file_names_its_neighbours(write, folder):
    write("a = 1", "audio_vae")
    wrong = message(read_layer, folder / "audo_vae.toml")
    assert wrong == (
        "audo_vae.toml  no such file; did you mean 'audio_vae.toml'? (there are: audio_vae.toml)"
    )


def test_a_file_that_is_not_utf8_is_named(folder):
    path = folder / "latin.toml"
    path.write_bytes('name = "é"'.encode("latin-1"))
    assert message(read_layer, path) == "latin.toml  not UTF-8 at byte 8; save it as UTF-8"


def test_a_folder_is_no_recipe(folder):
    (folder / "folder.toml").mkdir()
    assert "cannot be read" in message(read_layer, folder / "folder.toml")


@pytest.mark.parametrize("text", ["a = " + "[" * 5000, "a = " + "9" * 5000], ids=["deep", "long"])
def test_what_no_parser_can_take_is_a_fault(write, text):
    assert "not valid TOML" in message(read_layer, write(text))


@pytest.mark.parametrize(
    "text",
    [
        ".".join("a" * 40) + " = 1",
        f"[{'.'.join('a' * 40)}]",
        "a = " + "{a=" * 390 + "1" + "}" * 390,
    ],
    ids=["key", "header", "inline"],
)
def test_what_is_nested_without_end_is_a_fault(write, text):
    assert re.search("nested more than 32 deep|not valid TOML", message(read_layer, write(text)))


def test_a_byte_order_mark_is_skipped(folder):
    path = folder / "windows.toml"
    path.write_bytes(b"\xef\xbb\xbfa = 1\r\n")
    assert read_layer(path).values == {"a": 1}


@pytest.mark.parametrize(
    ("text", "path", "word"),
    [
        ("a = 2024-01-01", ("a",), "dates"),
        ("a = 12:00:00", ("a",), "dates"),
        ("a = [2024-01-01T00:00:00Z]", ("a", 0), "dates"),
        ("[t]\na = nan", ("t", "a"), "nan"),
        ("a = -nan", ("a",), "nan"),
        ('a = "x\\u0007"', ("a",), "U+0007"),
        ('"k\\u0000" = 1', ("k\0",), "U+0000"),
        ("a = 9223372036854775808", ("a",), "64 bits"),
    ],
)
def test_what_dvc_cannot_store_is_forbidden(write, text, path, word):
    ((found, problem),) = forbidden_values(read_layer(write(text)).values)
    assert found == path
    assert word in problem


def test_what_toml_and_dvc_both_hold_is_allowed(write):
    text = 'a = 1\nb = 1.5\nc = true\nd = "two\\nlines\\tand a tab é"\ne = [1, [2]]\nf = {g = -1}\n'
    assert not list(forbidden_values(read_layer(write(text)).values))
