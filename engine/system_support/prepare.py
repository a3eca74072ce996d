"""A recipe's features, precomputed where its system has any.

Such a system has a module `prepare.py` beside its recipe class, with two functions:
`prepare(recipe, project, params, features)` computes them, and `published_files(recipe, project)`
names the files that they depend on besides corpus and recipe. Training asks the same `Features` for
the same files, so that nothing is computed twice.
"""

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
