"""From a project's recipes and params.toml to its pipeline."""

from collections.abc import Mapping
from pathlib import Path

from attrs import evolve

from engine.pipeline.stages import Pipeline, PipelineRecipe, derive_pipeline
from engine.project import Project
from engine.promotion.artifacts import promoted_artifacts
from engine.recipe import Fault, Params, Recipe, RecipeError, load_recipe
from engine.system_support.discovery import has_part, recipe_classes


def load_pipeline(project: Project, params: Params) -> Pipeline:
    """The pipeline of every recipe. Raises RecipeError with the faults of all of them."""
    recipes: dict[Path, Recipe] = {}
    faults: list[Fault] = []
    for written in sorted(project.recipes.glob("*.toml")):
        path = project.recipe(written.stem, params.profile)
        try:
            recipes[path] = load_recipe(path, classes=recipe_classes())
        except RecipeError as error:
            faults += error.faults
    if faults:
        raise RecipeError(faults)
    return pipeline_of(recipes, project, params)


def pipeline_of(recipes: Mapping[Path, Recipe], project: Project, params: Params) -> Pipeline:
    """The pipeline of recipes, by the file that the profile of params.toml takes for each."""
    known = []
    for recipe in recipes.values():
        file = project.recipe(recipe.name).relative_to(project.root).as_posix()
        known.append(PipelineRecipe(recipe, file, has_part(type(recipe), "prepare")))
    return evolve(derive_pipeline(known, params), artifacts=promoted_artifacts(project))
