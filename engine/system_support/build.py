"""From a recipe to the system that the loop trains."""

from engine.corpus.integrity import require_intact
from engine.errors import UserError
from engine.project import Project
from engine.recipe.params import Params
from engine.recipe.schema import Recipe
from engine.system_support.discovery import part_of
from engine.training.system import System

_MEMBERS = {name for name in {*System.__annotations__, *vars(System)} if name[0] != "_"}


def build_system(recipe: Recipe, project: Project, params: Params) -> System:
    """Build the recipe's system: its data opened, its networks initialized from torch's generator.

    The function `build` of `system.py` beside the recipe class does it, so that a package's system
    is found the same way as a built-in one. Raises UserError where the data cannot be used, or is
    no longer what was ingested, and where the system lacks a part that training needs.
    """
    corpus = recipe.dataset.corpus
    require_intact(corpus, params.corpus(corpus), project)
    module = part_of(type(recipe), "system")
    if module is None:
        raise UserError(
            f"The system '{recipe.system}' has no system.py beside its recipe class, so nothing "
            "can be trained. Add one: see docs/adding-a-system.md."
        )
    system: System = module.build(recipe, project, params)
    missing = sorted(_MEMBERS - set(dir(system)))
    if missing:
        raise UserError(
            f"The system '{recipe.system}' lacks {', '.join(missing)}: add them to what its "
            "system.py builds, or inherit engine.system_support.corpus_system.CorpusSystem."
        )
    return system
