import re

import pytest

from engine.recipe import RecipeError
from engine.recipe.read import forbidden_values, read_document, read_layer


def message(call, *arguments) -> str:
    with pytest.raises(RecipeError) as caught:
        call(*arguments)
    return str(caught.value)


def test_a_syntax_error_names_file_and_line(write):
    assert message(read_layer, write('a = 1\nb = "open\n')).startswith(
        "words.toml:2  no valid TOML"
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
    assert "no TOML that can be read" in message(read_layer, write(text))


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
    assert re.search(
        "nested more than 32 deep|no TOML that can be read", message(read_layer, write(text))
    )


def test_a_byte_order_mark_is_skipped(folder):
    path = folder / "windows.toml"
    path.write_bytes(b"\xef\xbb\xbfa = 1\r\n")
    assert read_layer(path).values == {"a": 1}


def test_a_child_adds_to_its_parent_and_each_value_keeps_its_line(write):
    write("a = 1\n[t]\nx = 1\ny = 2\n", "parent")
    child = read_document(write('extends = "parent.toml"\n\n[t]\ny = 3\n'))
    assert child.values == {"a": 1, "t": {"x": 1, "y": 3}}
    assert str(child.place(("t", "x"))) == "parent.toml:3"
    assert str(child.place(("t", "y"))) == "words.toml:4"


def test_a_chain_of_parents_is_followed(write):
    write("a = 1\nb = 1\nc = 1\n", "first")
    write('extends = "first.toml"\nb = 2\nc = 2\n', "second")
    assert read_document(write('extends = "second.toml"\nc = 3\n')).values == {
        "a": 1,
        "b": 2,
        "c": 3,
    }


def test_a_recipe_that_extends_itself_is_refused(write):
    wrong = message(read_document, write('a = 1\nextends = "words.toml"\n'))
    assert wrong == (
        "words.toml:2  extends: a recipe may not extend itself: words.toml -> words.toml"
    )


def test_a_circle_is_refused_and_named(write):
    write('extends = "words.toml"\n', "b")
    wrong = message(read_document, write('extends = "b.toml"\n'))
    assert wrong.endswith("itself: words.toml -> b.toml -> words.toml")


def test_a_missing_parent_is_blamed_on_the_line_that_names_it(write):
    write("", "parent")
    wrong = message(read_document, write('\nextends = "parnt.toml"\n'))
    assert wrong.startswith("words.toml:2  extends: no such file; did you mean 'parent.toml'?")


@pytest.mark.parametrize("value", ["3", '"/etc/parent.toml"', "[]"])
def test_a_parent_is_a_file_name(write, value):
    assert "expected the file name of the parent" in message(
        read_document, write(f"extends = {value}\n")
    )


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
