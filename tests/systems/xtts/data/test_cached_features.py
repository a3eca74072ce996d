"""Vocabulary and text tokens are made once: as sorted, and anew where anything of it changed."""

import numpy as np
import pytest
from attrs import evolve

from engine.corpus import Corpus
from engine.features.cache import Features
from engine.systems.xtts.data import cached_features
from engine.systems.xtts.data.cached_features import CachedFeatures
from engine.systems.xtts.data.eligible import eligible_clips
from engine.systems.xtts.data.utterances import load_vocabulary
from tests.systems.xtts.small_project import SMALL


@pytest.fixture
def corpus(spoken_project):
    return Corpus.open(spoken_project.corpus("speech"))


@pytest.fixture
def make(spoken_project, corpus, tmp_path):
    """Vocabulary and tokens of a recipe, and the files they were taken from."""

    def make(recipe):
        made = CachedFeatures(recipe, corpus, Features(tmp_path))
        vocabulary = load_vocabulary(spoken_project, made)
        return vocabulary, made.eligible(vocabulary.tokenizer), made.cache.used

    return make


@pytest.mark.parametrize("dataset", [{}, {"max_seconds": 0.8, "max_text_tokens": 12}])
def test_what_is_kept_is_what_was_sorted(make, make_xtts_recipe, corpus, dataset):
    recipe = make_xtts_recipe(dataset=dataset)
    vocabulary, kept, _ = make(recipe)
    sorted_ = eligible_clips(corpus.manifest.clips, recipe.dataset, vocabulary.tokenizer)
    assert kept.rows.tolist() == sorted_.rows.tolist()
    assert kept.left_out == sorted_.left_out
    assert (len(kept.left_out) > 0) is bool(dataset)
    for one, other in zip(kept.tokens, sorted_.tokens, strict=True):
        assert one.dtype == other.dtype
        assert np.array_equal(one, other)


def test_neither_is_made_again(make, make_xtts_recipe, monkeypatch):
    recipe = make_xtts_recipe()
    vocabulary, kept, used = make(recipe)
    for name in ("scratch_vocabulary", "eligible_clips"):
        monkeypatch.setattr(cached_features, name, None)
    again, tokens, found = make(evolve(recipe, name="another"))
    assert (again.content, found) == (vocabulary.content, used)
    assert tokens.rows.tolist() == kept.rows.tolist()


def test_another_limit_makes_tokens_anew_and_another_model_the_vocabulary_too(
    make, make_xtts_recipe
):
    _, _, (vocabulary, tokens) = make(make_xtts_recipe())
    _, _, limited = make(make_xtts_recipe(dataset={"max_text_tokens": 12}))
    assert (limited[0], limited[1] == tokens) == (vocabulary, False)
    _, _, merged = make(make_xtts_recipe(model=evolve(SMALL, num_merges=3)))
    assert vocabulary not in merged
    assert tokens not in merged


@pytest.mark.parametrize("name", ["preparing_digest", "_version"])
def test_other_code_or_another_package_makes_both_anew(make, make_xtts_recipe, monkeypatch, name):
    """A clip that could not be spoken, for want of a package, can be once that is installed."""
    _, _, used = make(make_xtts_recipe())
    monkeypatch.setattr(cached_features, name, lambda _: "another")
    _, _, others = make(make_xtts_recipe())
    assert not set(used) & set(others)
