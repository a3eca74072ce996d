"""What a recipe uses of its corpus, before anything is trained.

A system that does not use every clip has a module `usage.py` beside its recipe class, with a
function `used_clips(recipe, project, params, corpus)`, which asks what training asks. It gives the
corpus as it is split, and words on what else may be left out later.
"""

from collections.abc import Iterator

from attrs import evolve, frozen

from engine.corpus import Corpus
from engine.errors import UserError
from engine.project import Project
from engine.recipe import Params, Recipe, load_recipe
from engine.recipe.dataset import CorpusClips
from engine.system_support.corpus_system import SplitCorpus, split_corpus
from engine.system_support.discovery import part_of, recipe_classes


@frozen
class Usage:
    """Clips of a corpus by what a recipe does with them."""

    recipe: str
    found: int
    used: int
    training: int
    evaluation: int
    how: str
    """How these were chosen."""
    later: str = ""
    """What may be left out besides, in words; empty where all is known."""

    def sentence(self) -> str:
        """All of it in a line."""
        said = (
            f"{self.recipe}: {self.found:,} found, {self.used:,} used, {self.training:,} training, "
            f"{self.evaluation:,} evaluation ({self.how})"
        )
        return f"{said}; {self.later}" if self.later else said


def used_clips(
    recipe: Recipe, project: Project, params: Params, corpus: Corpus
) -> tuple[SplitCorpus, str]:
    """The clips that training uses, however few for a batch, and what may be left out besides.

    Raises UserError where training would: no clips, a frozen clip missing, no parent.
    """
    recipe = evolve(recipe, training=evolve(recipe.training, batch_size=1, num_micro_batches=1))
    module = part_of(type(recipe), "usage")
    if module is None:
        return split_corpus(recipe, project, corpus, params.seed), ""
    found: tuple[SplitCorpus, str] = module.used_clips(recipe, project, params, corpus)
    return found


def usage_of(recipe: Recipe, project: Project, params: Params, corpus: Corpus) -> Usage:
    """What `recipe` would learn from and be evaluated on. Raises as `used_clips` does."""
    data, later = used_clips(recipe, project, params, corpus)
    return Usage(
        recipe.name,
        corpus.report.num_found,
        data.num_usable,
        len(data.split.train),
        len(data.split.evaluation),
        data.split.how,
        later,
    )


def usages(
    name: str, project: Project, params: Params, corpus: Corpus
) -> Iterator[tuple[str, Usage | str]]:
    """Each recipe whose corpus has this name, with its usage; or the reason why there is none."""
    for path in sorted(project.recipes.glob("*.toml")):
        try:
            recipe = load_recipe(
                project.recipe(path.stem, params.profile), classes=recipe_classes()
            )
            if isinstance(recipe.dataset, CorpusClips) and recipe.dataset.corpus == name:
                yield path.stem, usage_of(recipe, project, params, corpus)
        except UserError as error:
            yield path.stem, str(error)


def usage_lines(name: str, project: Project, params: Params, corpus: Corpus) -> Iterator[str]:
    """A line for each recipe whose corpus has this name; the reason where it cannot be used.

    Where there is no such recipe, the command that makes one.
    """
    known = [*usages(name, project, params, corpus)]
    for recipe, found in known:
        yield found.sentence() if isinstance(found, Usage) else f"{recipe}: {found}"
    if not known:
        yield f"No recipe uses {name} yet. To make one: cantus new NAME --from RECIPE --for {name}"
