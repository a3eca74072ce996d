"""`cantus check`: every fault of recipes and params.toml, before anything runs."""

from collections.abc import Sequence
from pathlib import Path

import click

from engine.errors import UserError
from engine.project import Project, find_project, require_git
from engine.recipe import (
    Fault,
    Params,
    Recipe,
    RecipeError,
    load_params,
    load_recipe,
    recipe_identity,
    recipe_profiles,
    resolve_values,
    to_toml,
)
from engine.recipe.dataset import CorpusClips
from engine.systems import recipe_classes
from engine.terminal.columns import aligned


@click.command()
@click.argument("recipes", nargs=-1, metavar="[RECIPE]...")
@click.option(
    "-S", "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Change a value."
)
@click.option("-v", "--verbose", is_flag=True, help="Print each recipe with defaults filled in.")
def command(recipes: tuple[str, ...], overrides: tuple[str, ...], verbose: bool) -> None:
    """Read recipes and params.toml and name every fault.

    Each RECIPE (all of recipes/ where none is named) is checked in every profile. A sound one is a
    line: name, system, profile of params.toml, identity.

    \b
    Examples:
      cantus check                                   all recipes
      cantus check audio_vae -v                      one, with defaults filled in
      cantus check audio_vae -S training.epochs=3    as it would be with another value
    """
    project = find_project()
    require_git(project)
    params, faults = _check_params(project)
    sound = []
    for path in _paths(project, recipes):
        recipe, found = _check_recipe(path, params, overrides)
        faults += found
        if recipe is not None:
            sound.append(recipe)
    _print(sound, params.profile if params else "full", verbose=verbose)
    if faults:
        raise RecipeError(faults)


def _paths(project: Project, recipes: Sequence[str]) -> list[Path]:
    paths = [project.recipe(name) for name in recipes] or sorted(project.recipes.glob("*.toml"))
    if not paths:
        raise UserError(
            f"{project.recipes} holds no recipe. Write one: see docs/recipe-reference.md."
        )
    return paths


def _check_params(project: Project) -> tuple[Params | None, list[Fault]]:
    try:
        return load_params(project.params), []
    except RecipeError as error:
        return None, list(error.faults)


def _check_recipe(
    path: Path, params: Params | None, overrides: Sequence[str]
) -> tuple[Recipe | None, list[Fault]]:
    """The recipe under the profile of params.toml, or None and the faults of all its profiles."""
    chosen = params.profile if params else "full"
    faults: list[Fault] = []
    recipe = None
    try:
        for profile in dict.fromkeys([*recipe_profiles(path), chosen]):
            loaded, found = _check_profile(path, profile, overrides)
            faults += found
            recipe = loaded if profile == chosen else recipe
    except RecipeError as error:
        faults += error.faults
    if recipe is not None and params is not None:
        faults += _check_corpus(recipe, path, params, overrides)
    return (None if faults else recipe), faults


def _check_profile(
    path: Path, profile: str, overrides: Sequence[str]
) -> tuple[Recipe | None, Sequence[Fault]]:
    try:
        classes = recipe_classes()
        return load_recipe(path, classes=classes, profile=profile, overrides=overrides), ()
    except RecipeError as error:
        return None, error.faults


def _check_corpus(
    recipe: Recipe, path: Path, params: Params, overrides: Sequence[str]
) -> list[Fault]:
    try:
        params.corpus(recipe.dataset.corpus)
    except UserError as error:
        layer = resolve_values(path, params.profile, overrides)
        return [layer.fault(("dataset", "corpus"), str(error))]
    return []


def _print(recipes: Sequence[Recipe], profile: str, *, verbose: bool) -> None:
    rows = [(recipe.name, recipe.system, profile, recipe_identity(recipe)) for recipe in recipes]
    for recipe, line in zip(recipes, aligned(rows), strict=True):
        click.echo(line)
        if verbose:
            click.echo(f"\n{to_toml(recipe)}")
    for recipe in recipes:
        if _moves_with_the_seed(recipe):
            click.echo(
                f"note: {recipe.name}: dataset.split = 'random' draws the evaluation set by the "
                "seed of params.toml, and figures of two seeds cannot be compared. Keep one set: "
                f"cantus pin-eval {recipe.name}"
            )


def _moves_with_the_seed(recipe: Recipe) -> bool:
    """Whether another seed would draw another evaluation set."""
    rule, start = recipe.dataset, recipe.start
    if not isinstance(rule, CorpusClips) or rule.split != "random":
        return False
    inherits = start is not None and start.from_ is not None and start.evaluation == "inherited"
    return rule.evaluation is None and not inherits
