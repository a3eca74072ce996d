"""Systems are found by name, those of installed packages included: with real packages."""

import pytest

from engine import systems
from engine.errors import UserError
from engine.recipe.schema import Recipe
from engine.system_support.discovery import recipe_classes

RECIPE = """\
from attrs import frozen
from engine.recipe.schema import Recipe

@frozen(kw_only=True)
class {name}(Recipe):
    turns = ("bells",)
"""
LIST_SYSTEMS = """\
from engine.errors import UserError
from engine.system_support.discovery import recipe_classes
try:
    print({word: system.__name__ for word, system in recipe_classes().items()})
except UserError as error:
    print(error)
"""


@pytest.fixture
def listed(install, run_python):
    """The systems there are in a new process with a package that adds one."""

    def listed(entry_point, **modules):
        install("bells", entry_point, **modules or {"recipe": RECIPE.format(name="Bells")})
        return run_python(LIST_SYSTEMS).stdout

    return listed


def test_every_built_in_system_has_a_recipe_class_with_turns_and_metrics():
    classes = recipe_classes()
    assert "vqvae" in classes
    for system in classes.values():
        assert issubclass(system, Recipe)
        assert system.turns
        assert all(what for what in system.metrics.values())


def test_an_installed_package_adds_a_system(listed):
    assert "'bells': 'Bells'" in listed("bells = bells.recipe:Bells")


def test_a_package_cannot_take_the_name_of_a_system_there_is(listed):
    answer = listed("vqvae = bells.recipe:Bells")
    assert "names its system 'vqvae', which exists already" in answer


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("bells.recipe:Gongs", "has no attribute 'Gongs'"),
        ("gongs.recipe:Bells", "No module named 'gongs'"),
        ("bells.recipe:frozen", "must name a subclass of engine.recipe.schema.Recipe"),
    ],
)
def test_a_package_that_cannot_be_imported_is_named(listed, value, said):
    answer = listed(f"bells = {value}")
    assert answer.startswith(f"The entry point 'bells = {value}' of an installed package")
    assert said in answer


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "has no recipe.py, which holds its recipe class"),
        ({"recipe": "from engine.recipe.schema import Recipe\n"}, "it defines 0 (none)"),
        (
            {"recipe": RECIPE.format(name="Bells") + RECIPE.format(name="Gongs")},
            "it defines 2 (Bells, Gongs)",
        ),
    ],
)
def test_a_folder_that_is_no_system_is_refused(tmp_path, monkeypatch, files, said):
    name = f"room_{len(files.get('recipe', ''))}"  # imported once in this process
    folder = tmp_path / name
    folder.mkdir()
    for module, content in {"__init__": "", **files}.items():
        (folder / f"{module}.py").write_text(content)
    monkeypatch.setattr(systems, "__path__", [*systems.__path__, str(tmp_path)])
    with pytest.raises(UserError) as caught:
        recipe_classes.__wrapped__()
    assert f"engine.systems.{name}" in str(caught.value)
    assert said in str(caught.value)
    assert str(caught.value).count(". ") == 0, "one sentence"
