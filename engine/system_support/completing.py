"""What a shell completes: recipes, corpora, runs, models, and the keys of -S. Imports no torch.

A name is looked up when a key is pressed. What cannot be read completes nothing: an error would
be printed into the line that is typed, and the command itself reports it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import tomli
from click.shell_completion import CompletionItem

from engine.errors import UserError
from engine.project import Project, find_project

Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]
Names = Callable[[Project], Iterable[str]]
_UNREADABLE = (UserError, OSError, ValueError)


def words(known: Iterable[str]) -> Completer:
    """Completes one of some words."""
    return _completer(lambda _: known)


def names(*sources: Names, files: bool = False) -> Completer:
    """Completes names in the project around, and with `files` also paths."""

    def found(project: Project) -> set[str]:
        return {name for source in sources for name in source(project)}

    return _completer(found, files=files)


def recipes(project: Project) -> Iterator[str]:
    """The names of all recipes."""
    return (path.stem for path in project.recipes.glob("*.toml"))


def corpora(project: Project) -> list[str]:
    """The names of all corpora of params.toml."""
    return [*_read(project.params).get("corpora", {})]


def runs(project: Project) -> Iterator[str]:
    """The names of all recipes and variants that were run."""
    for folder in (project.runs("any").parent, project.model("any").parent):
        yield from (path.name for path in folder.glob("*") if path.is_dir())


def promoted(project: Project) -> Iterator[str]:
    """The names of all models in use."""
    return (path.stem for path in project.promoted.glob("*.toml"))


def listening_tests(project: Project) -> Iterator[str]:
    """The names of all listening tests."""
    return (path.parent.name for path in project.listening.glob("*/test.json"))


def of_system(system: str) -> Names:
    """The names of the trained models of one system."""

    def found(project: Project) -> Iterator[str]:
        for path in project.model("any").parent.glob("*/recipe.toml"):
            if _read(path).get("system") == system:
                yield path.parent.name

    return found


def trained_models(of: Names) -> Completer:
    """Completes a trained model, or the path of weights."""
    return names(of, files=True)


def checkpoints(context: click.Context, _: click.Parameter, typed: str) -> list[CompletionItem]:
    """Completes `best`, `last` or `step:N` of the run that the command line names."""

    def found(project: Project) -> Iterator[str]:
        run = str(context.params.get("run"))
        for folder in (project.model(run), Path(run)):
            for path in folder.glob("checkpoints/[!.]*"):
                yield path.name.replace("_", ":")

    return _items(found, typed)


def settings(context: click.Context, _: click.Parameter, typed: str) -> list[CompletionItem]:
    """Completes KEY=VALUE of -S: keys of the recipe that is named, and values of a choice."""
    # Click stops reading at an -S without a value, with the arguments before it left over.
    first = next((word for word in context.args if not word.startswith("-")), None)
    name = context.params.get("parent") or first
    try:
        return [*_settings(find_project(), name, typed)]
    except _UNREADABLE:
        return []


def _completer(found: Names, *, files: bool = False) -> Completer:
    def complete(_: click.Context, __: click.Parameter, typed: str) -> list[CompletionItem]:
        if files and ("/" in typed or typed.startswith((".", "~"))):
            return [CompletionItem(typed, type="file")]
        return _items(found, typed)

    return complete


def _items(found: Names, typed: str) -> list[CompletionItem]:
    try:
        known = sorted(set(found(find_project())))
    except _UNREADABLE:
        return []
    return [CompletionItem(name) for name in known if name.startswith(typed)]


def _read(path: Path) -> dict[str, Any]:
    return tomli.loads(path.read_text(encoding="utf-8"))


def _settings(project: Project, name: str | None, typed: str) -> Iterator[CompletionItem]:
    schema = _schema(project, name)
    key, is_value, _ = typed.partition("=")
    *above, last = key.split(".")
    for table in above:
        schema = _inside(schema, table)
    if is_value:
        for value in dict.fromkeys(_values(_inside(schema, last))):
            if f"{key}={value}".startswith(typed):
                yield CompletionItem(f"{key}={value}")
        return
    for word, inside in _properties(schema).items():
        if word.startswith(last):
            end = "." if _properties(inside) else "="
            yield CompletionItem(".".join([*above, word]) + end, help=inside.get("description"))


def _schema(project: Project, name: str | None) -> Mapping[str, Any]:
    """The JSON schema of a recipe's system; of all systems where it is not known."""
    from engine.recipe.json_schema import json_schema
    from engine.recipe.lineage import read_document
    from engine.system_support.discovery import recipe_classes

    classes = recipe_classes()
    path = project.recipe(name) if name else None
    system = read_document(path).values.get("system") if path and path.is_file() else None
    if isinstance(system, str) and system in classes:
        return json_schema({system: classes[system]})
    return json_schema(classes)


def _alternatives(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for one in schema.get("anyOf", ()):
        yield from _alternatives(one)
    yield schema


def _properties(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of a table, those of all its kinds together."""
    return {
        word: inside
        for one in _alternatives(schema)
        for word, inside in one.get("properties", {}).items()
    }


def _inside(schema: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """What stands at a key of a table, of all its kinds; nothing where there is none."""
    found = [
        one.get("properties", {}).get(key) or one.get("additionalProperties") or {}
        for one in _alternatives(schema)
    ]
    return {"anyOf": [one for one in found if isinstance(one, Mapping)]}


def _values(schema: Mapping[str, Any]) -> Iterator[str]:
    for one in _alternatives(schema):
        for value in one.get("enum", ()):
            yield str(value)
        if one.get("type") == "boolean":
            yield from ("true", "false")
