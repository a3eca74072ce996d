"""Which clips of a corpus a codec's recipe uses, for `cantus ingest`."""

from engine.corpus import Corpus
from engine.project import Project
from engine.recipe.params import Params
from engine.system_support.corpus_system import SplitCorpus
from engine.systems.codec.data.eligible import split_eligible
from engine.systems.codec.recipe import CodecRecipe


def used_clips(
    recipe: CodecRecipe, project: Project, params: Params, corpus: Corpus
) -> tuple[SplitCorpus, str]:
    """The clips that training uses. Raises UserError where training would."""
    return split_eligible(recipe, project, params, corpus)[1], ""
