"""`cantus check`: every fault of recipes and params.toml, before anything runs."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click

from engine.cli.answers.check import CheckAnswer, CheckedRecipe
from engine.cli.answers.error import found as fault_found
from engine.cli.show.load import note_as_written, upstream_faults
from engine.cli.show.recipe_options import json_option, overrides_option, recipes_argument
from engine.cli.show.without_stage import by_kind, by_reason
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
from engine.recipe.dataset import CorpusClips
from engine.recipe.faults import Place, shown
from engine.recipe.lineage import profile_of
from engine.system_support.discovery import recipe_classes
from engine.system_support.published import lacking_published
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
    notes = [*_notes(taken, profile, project, named=bool(recipes))]
    stale = None
    if params is not None and not (faults or overrides) and project.dvc_yaml.is_file():
        if recipes:
            notes += _notes_on_stages([recipe.name for recipe in taken.values()], project, params)
        else:
            stale, left_out = _look_at_pipeline(taken, project, params)
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


def _look_at_pipeline(
    recipes: Mapping[Path, Recipe], project: Project, params: Params
) -> tuple[str | None, list[str]]:
    """Why dvc.yaml is stale, if it is; and notes on the recipes without a stage."""
    from engine.pipeline.dvc_yaml import staleness
    from engine.pipeline.load import pipeline_of

    pipeline = pipeline_of(recipes, project, params)
    left_out = [*by_kind(pipeline.left_out, pipeline.not_packed)]
    return staleness(project.dvc_yaml, pipeline), left_out


def _notes_on_stages(names: Sequence[str], project: Project, params: Params) -> Iterator[str]:
    """Which of the named recipes have no stage, and why in full."""
    from engine.pipeline.load import load_pipeline

    try:
        left_out = load_pipeline(project, params).left_out
    except UserError:  # of recipes that were not named
        yield "stages are not checked, because other recipes have faults: cantus check"
        return
    yield from by_reason({name: left_out[name] for name in names if name in left_out})


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


def _notes(
    recipes: Mapping[Path, Recipe], profile: str, project: Project, *, named: bool
) -> Iterator[str]:
    """Remarks on recipes without faults; `named`: whether they were asked for by name."""
    as_written = note_as_written(recipes, profile)
    if as_written:
        yield as_written.removeprefix("note: ")
    moving = [recipe.name for recipe in recipes.values() if _moves_with_the_seed(recipe)]
    if moving:
        yield (
            f"{', '.join(moving)}: dataset.split = 'random' draws the evaluation set by the "
            "seed of params.toml, so metrics of two seeds cannot be compared. Pin one set: "
            f"cantus pin-eval {moving[0] if len(moving) == 1 else 'RECIPE'}"
        )
    for recipe in recipes.values():
        yield from _on_models(recipe, project)
        if named:
            yield from _on_batch(recipe, project)
    yield from _on_published([*recipes.values()], project, each=named)


def _on_models(recipe: Recipe, project: Project) -> Iterator[str]:
    """The models that a recipe reads and that do not exist."""
    for name in recipe.models_read:
        if not project.recipe(name).is_file():
            why = f"there is no recipe {name} in recipes/"
        elif not (project.model(name) / "export").is_dir():
            why = f"{name} is not trained yet: dvc repro {recipe.name} trains it first"
        else:
            continue
        yield f"{recipe.name} reads the model of {name}, and {why}"


def _on_published(recipes: Sequence[Recipe], project: Project, *, each: bool) -> Iterator[str]:
    """Which published files are missing, or wrong: of each recipe, or in one sentence for all."""
    found = {recipe.name: lacking_published(recipe, project) for recipe in recipes}
    lacking = {name: why for name, why in found.items() if why is not None}
    if each or len(lacking) == 1:
        yield from lacking.values()
    elif lacking:
        yield (
            f"{', '.join(lacking)} read published files that are missing: 'cantus check "
            "RECIPE' says which to fetch"
        )


def _on_batch(recipe: Recipe, project: Project) -> Iterator[str]:
    """A remark where a batch is larger than the training clips of an ingested corpus."""
    from engine.corpus import Corpus
    from engine.presets.sets import too_few

    try:
        sets = too_few(recipe, Corpus.open(project.corpus(recipe.dataset.corpus)))
    except UserError:  # not ingested, or a set is empty: training says so
        return
    if sets is not None:
        yield (
            f"{recipe.name}: corpus {recipe.dataset.corpus} has {sets.training} training "
            f"clips, fewer than a batch of {recipe.training.batch_size}. Add clips or lower "
            "training.batch_size."
        )


def _moves_with_the_seed(recipe: Recipe) -> bool:
    """Whether another seed would draw another evaluation set."""
    rule = recipe.dataset
    if not isinstance(rule, CorpusClips) or rule.split != "random":
        return False
    return rule.evaluation is None and recipe.evaluation_parent is None
