"""Systems are found by name, those of installed packages included: with real packages."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.recipe.schema import Recipe
from engine.systems import recipe_classes

PACKAGE = """\
from attrs import frozen
from engine.recipe.schema import Recipe

@frozen(kw_only=True)
class Bells(Recipe):
    turns = ("bells",)
"""
LIST_SYSTEMS = """\
from engine.errors import UserError
from engine.systems import recipe_classes
try:
    print({word: system.__name__ for word, system in recipe_classes().items()})
except UserError as error:
    print(error)
"""


@pytest.fixture
def install(tmp_path: Path):
    """Install a package that adds a system, and list the systems in a new process."""

    def install(word: str) -> str:
        (tmp_path / "bells.py").write_text(PACKAGE, encoding="utf-8")
        info = tmp_path / "bells-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bells\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[cantus.systems]\n{word} = bells:Bells\n")
        path = os.pathsep.join([str(tmp_path), *sys.path])
        command = [sys.executable, "-c", LIST_SYSTEMS]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONPATH": path},
        )
        return done.stdout

    return install


def test_every_built_in_system_has_a_recipe_class_with_turns_and_metrics():
    classes = recipe_classes()
    assert "vqvae" in classes
    for system in classes.values():
        assert issubclass(system, Recipe)
        assert system.turns
        assert all(what for what in system.metrics.values())


def test_an_installed_package_adds_a_system(install):
    assert "'bells': 'Bells'" in install("bells")


def test_a_package_cannot_take_the_name_of_a_system_there_is(install):
    answer = install("vqvae")
    assert "names its system 'vqvae', which exists already" in answer
