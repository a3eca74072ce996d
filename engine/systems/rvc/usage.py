"""Which clips of a corpus a recipe of RVC uses, for `cantus ingest`."""

import torch
from attrs import evolve

from engine.corpus import Corpus
from engine.features.prepared import features_of
from engine.project import Project
from engine.recipe.params import Params
from engine.system_support.corpus_system import SplitCorpus
from engine.systems.rvc.data.cached_features import CachedFeatures
from engine.systems.rvc.data.methods import open_methods
from engine.systems.rvc.data.recordings import split_usable
from engine.systems.rvc.data.slices import Slicing
from engine.systems.rvc.dataset_table import LogMel, NoPitch
from engine.systems.rvc.recipe import RvcRecipe


def used_clips(
    recipe: RvcRecipe, project: Project, params: Params, corpus: Corpus
) -> tuple[SplitCorpus, str]:
    """The clips that training uses, before pitch is measured; a remark where that matters.

    Raises UserError where training would, except for missing packages or published files.
    """
    without_features = evolve(
        recipe, dataset=evolve(recipe.dataset, pitch=NoPitch(), content=LogMel())
    )
    made = CachedFeatures(
        corpus=corpus,
        cache=features_of(recipe, project),
        methods=open_methods(without_features, project, torch.device("cpu")),
        slicing=Slicing.of(recipe.dataset),
        work=params.work,
    )
    found = split_usable(recipe, project, params.seed, made)
    later = [*found.warnings]
    if recipe.has_pitch:
        later.append(f"clips without a voiced frame are found by 'cantus prepare {recipe.name}'")
    return found.data, " ".join(later)
