"""`cantus diff`: what two recipes, or two forms of one, have different."""

import click

from engine.cli.compare_metrics import Figures, compare_metrics
from engine.cli.show.load import Loaded, load_project_recipe
from engine.errors import UserError
from engine.project import Project
from engine.recipe import Change, diff_recipes, load_recipe, to_plain
from engine.recipe.faults import listed, shown
from engine.recipe.read import read_layer
from engine.system_support.discovery import recipe_classes
from engine.terminal.columns import aligned, cell
from engine.terminal.say import say
from engine.tracking.run_command import how_to_train


@click.command()
@click.argument("left", metavar="A")
@click.argument("right", metavar="[B]", required=False)
@click.option("--upstream", is_flag=True, help="Compare A with the published setup it follows.")
@click.option("--last", is_flag=True, help="Compare A with its last finished model.")
def command(left: str, right: str | None, upstream: bool, last: bool) -> None:
    """Compare two recipes and their metrics.

    Recipes are named, and compared under the profile of params.toml, or given by path. Where both
    have been trained, their metrics stand side by side. --last sets the metrics of the last
    finished model beside the present metrics file.

    \b
    Examples:
      cantus diff audio_vae audio_vae_plus     values and metrics that differ
      cantus diff audio_vae --upstream         every departure from what was published
      cantus diff recipes/audio_vae.toml recipes/demo/audio_vae.toml
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
    titles = names if len(set(names)) == 2 else (shown(left.path), shown(right.path))
    _print_changes(diff_recipes(to_plain(left.recipe), to_plain(right.recipe)), *titles)
    for title, loaded in zip(titles, (left, right), strict=True):
        _print_demo_settings(loaded, title)
    if len(set(names)) == 2:  # two forms of one recipe have their metrics in common
        ours, theirs = (_present(left.project, name, name) for name in names)
        _print_metrics(left.project, ours, theirs)


def _print_demo_settings(loaded: Loaded, title: str) -> None:
    """What the losses of a demo have in place of its recipe's."""
    settings = loaded.demo_settings
    if settings is not None:
        say(f"{title}: {settings}")


def _print_since_last(loaded: Loaded) -> None:
    project, name = loaded.project, loaded.recipe.name
    path = project.model(name) / "recipe.toml"
    if not path.is_file():
        raise UserError(
            f"{name} has no finished model: there is no "
            f"{path.relative_to(project.root)}. Train it: {how_to_train(project, name)}"
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
    """What changes what is learned, beside the published setup that the recipe follows."""
    name, recipe = loaded.recipe.upstream, loaded.recipe
    if name is None:
        folder = loaded.project.upstream("any").parent
        known = listed(sorted(path.stem for path in folder.glob("*.toml")))
        raise UserError(
            f"{recipe.name} names no published setup. Write one as its 'upstream' ({known})."
        )
    setup = load_recipe(loaded.project.upstream(name), classes=recipe_classes())
    published, ours = (to_plain(one, identity_only=True) for one in (setup, recipe))
    changes = diff_recipes(published, ours | {"name": published["name"]})
    _print_changes(changes, f"upstream/{name}", recipe.name)
    _print_demo_settings(loaded, recipe.name)


def _print_changes(changes: list[Change], left: str, right: str) -> None:
    if not changes:
        say("No value differs.")
        return
    rows = [("", left, right)]
    rows += [(change.path, cell(change.left), cell(change.right)) for change in changes]
    for line in aligned(rows):
        say(line)
