"""Which clips of a corpus a recipe of XTTS uses, for `cantus ingest`."""

from engine.corpus import Corpus
from engine.features.prepared import features_of
from engine.project import Project
from engine.recipe.params import Params
from engine.system_support.corpus_system import SplitCorpus
from engine.system_support.lower_rates import upsampled_warnings
from engine.systems.xtts.data.cached_features import CachedFeatures
from engine.systems.xtts.data.utterances import load_vocabulary, split_eligible
from engine.systems.xtts.recipe import SAMPLE_RATE_HZ, XttsRecipe


def used_clips(
    recipe: XttsRecipe, project: Project, params: Params, corpus: Corpus
) -> tuple[SplitCorpus, str]:
    """The clips that training uses, and a warning. Raises UserError where training would."""
    made = CachedFeatures(recipe, corpus, features_of(recipe, project))
    data = split_eligible(project, made, load_vocabulary(project, made), params.seed)[1]
    return data, " ".join(upsampled_warnings(corpus.manifest.clips, data.rows, SAMPLE_RATE_HZ))
