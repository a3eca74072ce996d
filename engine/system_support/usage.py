"""What a recipe would use of its corpus, before anything is trained. No torch."""

from collections.abc import Iterator

from attrs import frozen

from engine.corpus import Corpus, Report
from engine.errors import UserError
from engine.project import Project
from engine.recipe import Params, Recipe, load_recipe
from engine.recipe.dataset import CorpusClips
from engine.split.columns import SplitColumns, columns_of
from engine.split.select import choose_rows
from engine.system_support.discovery import recipe_classes


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

    def sentence(self) -> str:
        """All of it in a line."""
        return (
            f"{self.recipe}: {self.found:,} found, {self.used:,} used, {self.training:,} training, "
            f"{self.evaluation:,} evaluation ({self.how})"
        )


def usage_of(
    recipe: Recipe, project: Project, params: Params, report: Report, columns: SplitColumns
) -> Usage:
    """What `recipe` would learn from and be evaluated on in a corpus of this report and columns.

    Raises UserError where it cannot be used: no clips, a frozen clip missing, no parent.
    """
    split = choose_rows(recipe, project, columns, params.seed)
    return Usage(
        recipe.name,
        report.num_found,
        report.num_used,
        len(split.train),
        len(split.evaluation),
        split.how,
    )


def tell_usage(name: str, project: Project, params: Params, corpus: Corpus) -> Iterator[str]:
    """A line for each recipe whose corpus has this name; the reason where it cannot be used."""
    columns = columns_of(corpus.manifest.clips)
    for path in sorted(project.recipes.glob("*.toml")):
        try:
            recipe = load_recipe(
                project.recipe(path.stem, params.profile), classes=recipe_classes()
            )
            if isinstance(recipe.dataset, CorpusClips) and recipe.dataset.corpus == name:
                yield usage_of(recipe, project, params, corpus.report, columns).sentence()
        except UserError as error:
            yield f"{path.stem}: {error}"
