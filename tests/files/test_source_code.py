"""The import closure of real packages on disk, and what of an edit counts."""

import sys
from uuid import uuid4

import pytest

from engine.files.source_code import digest_of_code, import_closure

FILES = {
    "__init__.py": "from house.rooms.hall import Hall\n",
    "rooms/__init__.py": "",
    "rooms/hall.py": "from house.rooms import door\n\nclass Hall:\n    '''A hall.'''\n",
    "rooms/door.py": "import json\nfrom . import lock\n",
    "rooms/lock.py": "from ..far import away\n",
    "far.py": "away = 1  # a comment\n",
    "shown.py": "caption = 'a hall'\n",
    "typed.py": "wide = 1\n",
    "start.py": (
        "from typing import TYPE_CHECKING\n"
        "from house import Hall\n"
        "if TYPE_CHECKING:\n    from house.typed import wide\n"
        "def show():\n    from house.shown import caption\n    return caption\n"
    ),
}


@pytest.fixture
def house(tmp_path, monkeypatch):
    """Write the package, edited as asked; its closure."""
    name = f"house_{uuid4().hex}"

    def write(edits=(), apart=(), root="start"):
        for file, text in {**FILES, **dict(edits)}.items():
            path = tmp_path / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.replace("house", name))
        found = import_closure([f"{name}.{root}"], [f"{name}.{one}" for one in apart])
        return {module.replace(name, "house"): digest for module, digest in found.items()}

    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    yield write
    assert not {module for module in set(sys.modules) - before if name in module}


def counted(house, *edits):
    """The modules whose digest an edit changes."""
    plain, edited = house(), house(edits)
    assert plain.keys() == edited.keys()
    return [name for name in plain if plain[name] != edited[name]]


def test_a_module_that_is_imported_through_three_others_counts(house):
    assert "house.far" in house()
    assert counted(house, ("far.py", "away = 2\n")) == ["house.far"]


def test_nothing_is_imported_to_find_it(house):
    assert house({"far.py": "raise SystemExit('it ran')\n"}.items())


def test_a_name_that_a_package_takes_over_leads_to_the_module_that_defines_it(house):
    assert set(house()) == {
        "house.start", "house.rooms.hall", "house.rooms.door", "house.rooms.lock", "house.far",
        "house.shown",
    }  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "# new\n\naway = 1\n",
        "'''What is away.'''\naway = 1\n",
        "away = 1\n'''How far it is.'''\n",
        "away = (\n    1\n)\n",
    ],
)
def test_comments_docstrings_and_layout_do_not_count(house, text):
    assert counted(house, ("far.py", text)) == []


def test_the_digest_of_a_module_is_the_same_in_every_supported_python(tmp_path, monkeypatch):
    name = f"house_{uuid4().hex}"
    text = """def say(word, width):
    return f"{word!r:>{width}} isn't {'a' + 'b'.upper()}\\n"
"""
    (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert import_closure([name])[name].startswith("4adf7246f25a")


def test_a_text_that_is_a_value_counts(house):
    assert counted(house, ("shown.py", "caption = 'a door'\n")) == ["house.shown"]


def test_what_is_left_apart_counts_neither_nor_does_what_it_alone_imports(house):
    found = house(apart=["rooms.door"])
    assert "house.rooms.door" not in found
    assert "house.far" not in found
    assert "house.rooms.hall" in found


def test_imports_for_type_checkers_do_not_count_and_those_in_functions_do(house):
    assert "house.typed" not in house()
    assert "house.shown" in house()


def test_an_edit_after_the_first_look_is_seen(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    path = tmp_path / "seen_anew.py"
    path.write_text("a = 1\n")
    before = import_closure(["seen_anew"])
    path.write_text("a = 22\n")
    assert import_closure(["seen_anew"]) != before


def test_a_root_that_does_not_exist_is_an_error():
    with pytest.raises(ModuleNotFoundError):
        import_closure(["engine.no_such_module"])


def test_the_digest_of_a_closure_is_that_of_names_and_codes():
    assert digest_of_code({"a": "1"}) != digest_of_code({"b": "1"})
    assert digest_of_code({"a": "1"}) == digest_of_code({"a": "1"})
