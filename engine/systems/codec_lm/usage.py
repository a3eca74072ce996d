"""Which clips of a corpus a recipe uses, for `cantus ingest`."""

import torch

from engine.corpus import Corpus
from engine.features.prepared import features_of
from engine.project import Project
from engine.recipe.params import Params
from engine.system_support.corpus_system import SplitCorpus
from engine.system_support.lower_rates import upsampled_warnings
from engine.systems.codec_lm.data.cached_features import CachedFeatures
from engine.systems.codec_lm.data.utterances import load_assets, split_eligible
from engine.systems.codec_lm.recipe import CodecLmRecipe


def used_clips(
    recipe: CodecLmRecipe, project: Project, params: Params, corpus: Corpus
) -> tuple[SplitCorpus, str]:
    """The clips that training uses, and a warning. Raises UserError where training would.

    Nothing is encoded.
    """
    made = CachedFeatures(recipe, corpus, features_of(recipe, project), params.work)
    assets = load_assets(project, made, torch.device("cpu"))
    data = split_eligible(project, made, assets, params.seed)[1]
    rate = recipe.dataset.sample_rate_hz
    return data, " ".join(upsampled_warnings(corpus.manifest.clips, data.rows, rate))
