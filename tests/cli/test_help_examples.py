"""Every example of every command's help is a command line that Cantus accepts."""

import re
import shlex
from pathlib import Path

import click
import pytest

from engine.cli import commands
from engine.recipe import load_recipe
from engine.system_support.discovery import recipe_classes
from tests.run_folders import shipped_project

GROUP = click.Context(commands)
NEW = {("adopt", "name"), ("pin-eval", "name"), ("promote", "checkpoint")}
"""What an example may call as it likes: names that it gives, and steps of a run."""


def examples(name):
    """The command lines below `Examples:` in a command's help, without remarks beside them."""
    command = commands if name == "cantus" else commands.get_command(GROUP, name)
    text = (command.help or "").partition("Examples:")[2].replace("\\\n", " ")
    lines = (line.strip() for line in text.splitlines())
    words = (re.split(r"\s\|\s|\s>>?\s|  +(?=[a-z])(?!--)", line)[0] for line in lines)
    return [line for line in words if line.startswith(("cantus ", "dvc "))]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project with the real recipes, each of them trained."""
    root = shipped_project(tmp_path_factory.mktemp("project"))
    for path in root.glob("recipes/*.toml"):
        recipe = load_recipe(path, classes=recipe_classes())
        model = root / "models" / path.stem
        model.mkdir(parents=True)
        (model / "recipe.toml").write_text(f'system = "{recipe.system}"\n')
    (root / "promoted").mkdir()
    (root / "promoted/voice.toml").touch()
    return root


@pytest.mark.parametrize("name", ["cantus", *commands.list_commands(GROUP)])
def test_examples_are_accepted_and_what_they_name_exists(name, project, monkeypatch):
    monkeypatch.chdir(project)
    found = examples(name)
    assert found
    for line in found:
        words = shlex.split(line)
        if words[0] == "dvc":
            names = [word for word in words[2:] if word not in ("diff", "metrics")]
            assert all((project / f"recipes/{one}.toml").is_file() for one in names), line
            continue
        command = commands.get_command(GROUP, words[1])
        assert command is not None, line
        context = command.make_context(words[1], words[2:], parent=GROUP)
        for parameter in command.params:
            require_known(context, parameter, line)


def require_known(context, parameter, line):
    """Whatever a shell would complete here by names is one of them, or a path."""
    completer = parameter._custom_shell_complete
    given = context.params.get(parameter.name)
    if completer is None or not given or (context.info_name, parameter.name) in NEW:
        return
    for word in given if isinstance(given, tuple) else [given]:
        if parameter.name == "overrides":
            named = context.params.get("recipe") or context.params.get("parent")
            recipe = named or context.params["recipes"][0]
            load_recipe(Path(f"recipes/{recipe}.toml"), classes=recipe_classes(), overrides=given)
        elif "/" not in word and "." not in word and "*" not in word:
            known = [item.value for item in completer(context, parameter, word)]
            assert word in known, f"{line}: {word} is unknown"
