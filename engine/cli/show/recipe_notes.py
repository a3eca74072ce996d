"""Remarks on recipes without faults: what is missing, not comparable, or without a stage."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from engine.cli.show.load import note_as_written
from engine.cli.show.without_stage import by_kind, by_reason
from engine.errors import UserError
from engine.project import Project
from engine.recipe import Params, Recipe
from engine.recipe.dataset import CorpusClips
from engine.system_support.published import lacking_published


def notes_on(
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


def notes_on_stages(names: Sequence[str], project: Project, params: Params) -> Iterator[str]:
    """Which of the named recipes have no stage, and why in full."""
    from engine.pipeline.load import load_pipeline

    try:
        left_out = load_pipeline(project, params).left_out
    except UserError:  # of recipes that were not named
        yield "stages are not checked, because other recipes have faults: cantus check"
        return
    yield from by_reason({name: left_out[name] for name in names if name in left_out})


def look_at_pipeline(
    recipes: Mapping[Path, Recipe], project: Project, params: Params
) -> tuple[str | None, list[str]]:
    """Why dvc.yaml is stale, if it is; and notes on the recipes without a stage."""
    from engine.pipeline.dvc_yaml import staleness
    from engine.pipeline.load import pipeline_of

    pipeline = pipeline_of(recipes, project, params)
    left_out = [*by_kind(pipeline.left_out, pipeline.not_packed)]
    return staleness(project.dvc_yaml, pipeline), left_out


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
