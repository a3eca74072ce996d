"""`cantus check`: every fault of recipes and params.toml, before anything runs."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from engine.cli.answers.check import CheckAnswer, CheckedRecipe
from engine.cli.answers.error import found as fault_found
from engine.cli.show.load import upstream_faults
from engine.cli.show.recipe_notes import look_at_pipeline, notes_on, notes_on_stages
from engine.cli.show.recipe_options import json_option, overrides_option, recipes_argument
from engine.errors import UserError
from engine.exit_codes import Exit
from engine.project import AS_WRITTEN, Project, find_project, require_git
from engine.recipe import (
    Fault,
    Params,
    Recipe,
    RecipeError,
    load_params,
    load_recipe,
    recipe_identity,
    resolve_values,
    to_plain,
    to_toml,
)
from engine.recipe.faults import Place, shown
from engine.recipe.lineage import profile_of
from engine.system_support.discovery import recipe_classes
from engine.terminal.columns import aligned
from engine.terminal.say import say


@click.command()
@recipes_argument
@overrides_option
@click.option("-v", "--verbose", is_flag=True, help="Print each recipe with its defaults.")
@json_option
def command(
    recipes: tuple[str, ...], overrides: tuple[str, ...], verbose: bool, as_json: bool
) -> CheckAnswer | None:
    """Read recipes and params.toml and report every fault.

    Each RECIPE (without any, all of recipes/ and upstream/) is checked as written and in each
    folder of recipes/ that has it. Of a recipe without faults a line is printed, for the file that
    the profile of params.toml selects: name, system, profile, identity. Of a named recipe whose
    corpus is ingested, a batch larger than the training clips is noted.

    \b
    Examples:
      cantus check                                   all recipes
      cantus check audio_vae -v                      one, with its defaults
      cantus check audio_vae -S training.epochs=3    one, with a value changed
    """
    project = find_project()
    require_git(project)
    params, faults = _check_params(project)
    written, others = _files(project, recipes)
    chosen = [_chosen(project, path, params) for path in written]
    sound = {}
    for path in dict.fromkeys([*written, *others, *chosen]):
        recipe, found = _check_recipe(path, project, params if path in chosen else None, overrides)
        faults += found
        if recipe is not None:
            sound[path] = recipe
    profile = params.profile if params else AS_WRITTEN
    taken = {path: sound[path] for path in chosen if path in sound}
    notes = [*notes_on(taken, profile, project, named=bool(recipes))]
    stale = None
    if params is not None and not (faults or overrides) and project.dvc_yaml.is_file():
        if recipes:
            notes += notes_on_stages([recipe.name for recipe in taken.values()], project, params)
        else:
            stale, left_out = look_at_pipeline(taken, project, params)
            notes += left_out
    if as_json:
        return _answer(taken, profile, faults, notes, stale, verbose=verbose)
    _print(taken, verbose=verbose)
    for note in notes:
        say(f"note: {note}")
    if faults:
        raise RecipeError(faults)
    if stale is not None:
        raise UserError(stale)
    return None


def _answer(
    recipes: Mapping[Path, Recipe],
    profile: str,
    faults: Sequence[Fault],
    notes: Sequence[str],
    stale: str | None,
    *,
    verbose: bool,
) -> CheckAnswer:
    checked = [
        CheckedRecipe(
            name=recipe.name,
            system=recipe.system,
            profile=profile_of(path) or AS_WRITTEN,
            identity=recipe_identity(recipe),
            file=shown(path),
            values=to_plain(recipe) if verbose else None,
        )
        for path, recipe in recipes.items()
    ]
    sorted_faults = RecipeError(faults).faults if faults else ()
    return CheckAnswer(
        exit_code=Exit.REFUSED if faults or stale else Exit.DONE,
        profile=profile,
        recipes=tuple(checked),
        faults=tuple(map(fault_found, sorted_faults)),
        stale_pipeline=stale,
        notes=tuple(notes),
    )


def _files(project: Project, recipes: Sequence[str]) -> tuple[list[Path], list[Path]]:
    """The recipes, and what is checked besides: their variants, and the published setups.

    A named recipe that is a path is taken as it is.
    """
    names = [*recipes] or [path.stem for path in sorted(project.recipes.glob("*.toml"))]
    written = [project.recipe(name) for name in names]
    if not written:
        raise UserError(
            f"{project.recipes} holds no recipe. Write one: `cantus new`, or by hand: "
            "`cantus schema` lists its keys."
        )
    others = sorted(project.recipes.glob("*/*.toml"))
    if not recipes:
        return written, [*others, *sorted(project.upstream("*").parent.glob("*.toml"))]
    return written, [path for path in others if path.stem in recipes]


def _chosen(project: Project, path: Path, params: Params | None) -> Path:
    """The file that the profile of params.toml takes for a recipe; a path stays as it was given."""
    if params is None or path.parent != project.recipes:
        return path
    return project.recipe(path.stem, params.profile)


def _check_params(project: Project) -> tuple[Params | None, list[Fault]]:
    """The params, or None; their faults, and that a profile has no folder or one it cannot have."""
    place = Place(shown(project.params))
    faults = []
    if (project.recipes / AS_WRITTEN).exists():
        what = f"recipes/{AS_WRITTEN} is never read: that profile uses recipes as written"
        faults.append(Fault(place, ("profile",), f"{what}; give the folder another name"))
    try:
        params = load_params(project.params)
        project.profile(params.profile)
    except RecipeError as error:
        return None, [*faults, *error.faults]
    except UserError as error:
        return None, [*faults, Fault(place, ("profile",), str(error))]
    return params, faults


def _check_recipe(
    path: Path, project: Project, params: Params | None, overrides: Sequence[str]
) -> tuple[Recipe | None, list[Fault]]:
    """The recipe of a file, and its faults. Its corpus is looked for where there are params."""
    try:
        recipe = load_recipe(path, classes=recipe_classes(), overrides=overrides)
    except RecipeError as error:
        return None, list(error.faults)
    faults = upstream_faults(recipe, path, project, overrides)
    if params is not None:
        faults += _check_corpus(recipe, path, params, overrides)
    return (None if faults else recipe), faults


def _check_corpus(
    recipe: Recipe, path: Path, params: Params, overrides: Sequence[str]
) -> list[Fault]:
    try:
        params.corpus(recipe.dataset.corpus)
    except UserError as error:
        layer = resolve_values(path, overrides)
        return [layer.fault(("dataset", "corpus"), str(error))]
    return []


def _print(recipes: Mapping[Path, Recipe], *, verbose: bool) -> None:
    rows = [
        (recipe.name, recipe.system, profile_of(path) or AS_WRITTEN, recipe_identity(recipe))
        for path, recipe in recipes.items()
    ]
    for recipe, line in zip(recipes.values(), aligned(rows), strict=True):
        click.echo(line)
        if verbose:
            click.echo(f"\n{to_toml(recipe)}")
