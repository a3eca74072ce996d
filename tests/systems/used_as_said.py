"""What `cantus ingest` says that a recipe uses, beside what its run writes down."""

from engine.corpus import Corpus
from engine.recipe import load_params
from engine.system_support.build import build_system
from engine.system_support.usage import usage_of


def used_as_said(recipe, project):
    """(found, used, training, evaluation), after a check that both say the same."""
    params = load_params(project.params)
    corpus = Corpus.open(project.corpus(recipe.dataset.corpus))
    usage = usage_of(recipe, project, params, corpus)
    ran = build_system(recipe, project, params).dataset_summary
    said = (usage.found, usage.used, usage.training, usage.evaluation)
    assert said == (ran.found, ran.used, ran.training, ran.evaluation)
    assert f"{usage.used} used, {usage.training} training" in usage.sentence()
    return said
