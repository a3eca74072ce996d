"""What every command that names a recipe loads first: project, params, recipe."""

from collections.abc import Sequence

from attrs import frozen

from engine.project import Project, find_project, require_git
from engine.recipe import load_params, load_recipe
from engine.recipe.params import Params
from engine.recipe.schema import Recipe
from engine.systems import recipe_classes


@frozen
class Loaded:
    """A recipe as this machine runs it."""

    project: Project
    params: Params
    recipe: Recipe


def load_project_recipe(name: str, overrides: Sequence[str] = ()) -> Loaded:
    """Load a recipe by name or path under the profile of params.toml, in the project around here.

    Raises UserError with every fault of recipe and params, where params.toml lacks the recipe's
    corpus, and where this is no git checkout.
    """
    project = find_project()
    require_git(project)
    params = load_params(project.params)
    recipe = load_recipe(
        project.recipe(name),
        classes=recipe_classes(),
        profile=params.profile,
        overrides=overrides,
    )
    params.corpus(recipe.dataset.corpus)
    return Loaded(project, params, recipe)
