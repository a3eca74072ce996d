"""`cantus diff`: what two recipes, or two forms of one, have different."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from engine.cli.compare_metrics import Figures, compare_metrics
from engine.cli.show.load import Loaded, load_project_recipe
from engine.errors import UserError
from engine.project import Project
from engine.recipe import Change, diff_recipes, to_plain
from engine.recipe.diff import leaves
from engine.recipe.read import read_layer
from engine.systems import recipe_classes
from engine.terminal.columns import aligned, cell
from engine.terminal.say import say


@click.command()
@click.argument("left", metavar="A")
@click.argument("right", metavar="[B]", required=False)
@click.option("--upstream", is_flag=True, help="Compare A with the published setup it follows.")
@click.option("--last", is_flag=True, help="Compare A with its last finished model.")
def command(left: str, right: str | None, upstream: bool, last: bool) -> None:
    """Compare two recipes and their metrics.

    Recipes are named, or given by path, and compared under the profile of params.toml. Where both
    have been trained, their metrics stand side by side. --last sets the metrics of the last
    finished model beside the present metrics file.

    \b
    Examples:
      cantus diff audio_vae audio_vae_plus     values and metrics that differ
      cantus diff audio_vae --upstream         every departure from what was published
      cantus diff audio_vae --last             what changed since models/audio_vae was trained
    """
    if (right is not None) + upstream + last != 1:
        raise click.UsageError("Give a second recipe, --upstream or --last: one of the three.")
    loaded = load_project_recipe(left)
    if right is not None:
        _print_two(loaded, load_project_recipe(right))
    elif upstream:
        _print_departures(loaded)
    else:
        _print_since_last(loaded)


def _print_two(left: Loaded, right: Loaded) -> None:
    names = left.recipe.name, right.recipe.name
    _print_changes(diff_recipes(to_plain(left.recipe), to_plain(right.recipe)), *names)
    ours, theirs = (_present(left.project, name, name) for name in names)
    _print_metrics(left.project, ours, theirs)


def _print_since_last(loaded: Loaded) -> None:
    project, name = loaded.project, loaded.recipe.name
    path = project.model(name) / "recipe.toml"
    if not path.is_file():
        raise UserError(
            f"{name} has no finished model: there is no "
            f"{path.relative_to(project.root)}. Train it: dvc repro {name}"
        )
    titles = "last trained", "now"
    _print_changes(diff_recipes(read_layer(path).values, to_plain(loaded.recipe)), *titles)
    file = path.with_name("metrics.json")
    last = Figures(recipe=name, file=file, title=titles[0], model=project.model(name))
    _print_metrics(project, last, _present(project, name, titles[1]))


def _present(project: Project, name: str, title: str) -> Figures:
    model = project.model(name)
    return Figures(recipe=name, file=project.metrics(name), title=title, model=model)


def _print_metrics(project: Project, left: Figures, right: Figures) -> None:
    for line in compare_metrics(project, left, right):
        say(line)


def _print_departures(loaded: Loaded) -> None:
    recipe = loaded.recipe
    setup, notes = _published(loaded)
    published, ours = leaves(setup), leaves(to_plain(recipe))
    changes = diff_recipes(published, {path: ours.get(path) for path in published})
    _print_changes(changes, str(recipe.upstream), recipe.name)
    departed = {change.path for change in changes}
    for path, note in notes.items():
        if path in departed or path not in published:
            say(f"{path}: {note}")


def _published(loaded: Loaded) -> tuple[Mapping[str, Any], Mapping[str, str]]:
    """The setup that the recipe's `upstream` names, and the system's notes on departures."""
    recipe = loaded.recipe
    room = recipe_classes()[recipe.system].__module__.rpartition(".")[0]
    module = import_module(f"{room}.upstream_setup")
    if recipe.upstream not in module.SETUPS:
        raise UserError(
            f"{recipe.name} names {'no' if recipe.upstream is None else 'an unknown'} published "
            f"setup. Write one of these as its 'upstream': {', '.join(module.SETUPS)}."
        )
    return module.SETUPS[recipe.upstream], module.NOTES


def _print_changes(changes: list[Change], left: str, right: str) -> None:
    if not changes:
        say("No value differs.")
        return
    rows = [("", left, right)]
    rows += [(change.path, cell(change.left), cell(change.right)) for change in changes]
    for line in aligned(rows):
        say(line)
