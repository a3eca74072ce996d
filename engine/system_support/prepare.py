"""A recipe's features, precomputed where its system has any.

Such a system has a module `prepare.py` beside its recipe class, with two functions:
`prepare(recipe, project, params, features)` computes them, and `published_files(recipe, project)`
names the files that they depend on besides corpus and recipe. Training asks the same `Features` for
the same files, so that nothing is computed twice.
"""

from collections.abc import Sequence
from pathlib import Path

from engine.corpus.integrity import require_intact
from engine.errors import UserError
from engine.features.cache import Features
from engine.features.prepared import Prepared
from engine.project import Project
from engine.recipe.params import Params
from engine.recipe.schema import Recipe
from engine.system_support.discovery import part_of


def prepare_recipe(
    recipe: Recipe, project: Project, params: Params, features: Features
) -> Prepared:
    """Precompute the recipe's features.

    Raises UserError where there are none, and where data or published files cannot be used.
    """
    module = part_of(type(recipe), "prepare")
    if module is None:
        raise UserError(
            f"{recipe.name} needs no preparation: the system '{recipe.system}' learns from the "
            f"corpus as it is. Train it: dvc repro {recipe.name}"
        )
    corpus = recipe.dataset.corpus
    require_intact(corpus, params.corpus(corpus), project)
    prepared: Prepared = module.prepare(recipe, project, params, features)
    return prepared


def published_files(recipe: Recipe, project: Project) -> Sequence[Path]:
    """The published files that the recipe's features depend on; none for most recipes.

    Raises UserError where one is missing.
    """
    module = part_of(type(recipe), "prepare")
    paths: Sequence[Path] = [] if module is None else module.published_files(recipe, project)
    return paths
