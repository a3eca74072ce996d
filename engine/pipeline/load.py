"""From a project's recipes and params.toml to its pipeline."""

from engine.pipeline.stages import Pipeline, PipelineRecipe, derive_pipeline
from engine.project import Project
from engine.recipe import Fault, Params, Recipe, RecipeError, load_recipe
from engine.systems import has_part, recipe_classes


def load_pipeline(project: Project, params: Params) -> Pipeline:
    """The pipeline of every recipe. Raises RecipeError with the faults of all of them."""
    recipes: list[Recipe] = []
    faults: list[Fault] = []
    for path in sorted(project.recipes.glob("*.toml")):
        try:
            recipes.append(load_recipe(path, classes=recipe_classes(), profile=params.profile))
        except RecipeError as error:
            faults += error.faults
    if faults:
        raise RecipeError(faults)
    return pipeline_of(recipes, project, params)


def pipeline_of(recipes: list[Recipe], project: Project, params: Params) -> Pipeline:
    """The pipeline of recipes that were loaded under the profile of params.toml."""
    told = [
        PipelineRecipe(
            recipe,
            project.recipe(recipe.name).relative_to(project.root).as_posix(),
            has_part(type(recipe), "prepare"),
        )
        for recipe in recipes
    ]
    return derive_pipeline(told, params)
