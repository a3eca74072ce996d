import pytest

from engine.recipe.structure import structure
from engine.systems.vqvae.recipe import (
    Dataset,
    EmaCodes,
    FixedWindow,
    GradientCodes,
    Losses,
    OrderedCodes,
    VqvaeRecipe,
)
from tests.systems.vqvae.conftest import LOSSES

DATASET = {"corpus": "words"}


def faults(values, table):
    return [f"{'.'.join(map(str, path))}: {wrong}" for path, wrong in structure(values, table)[1]]


def test_the_published_clip_is_sound():
    assert faults(DATASET, Dataset) == []


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("sample_rate_hz", 8_000, "sample_rate_hz: must be at least 16000"),
        ("sample_rate_hz", 22_050, "clip_seconds: the networks read 32 frames"),
        ("clip_seconds", 2.0, "clip_seconds: the networks read 32 frames"),
        ("eval_share", 1.0, "eval_share: must be greater than 0 and less than 1"),
        ("num_eval_clips", 0, "num_eval_clips: must be at least 1"),
    ],
)
def test_a_clip_the_networks_cannot_read_is_refused_with_the_reason(key, value, said):
    (fault,) = faults({**DATASET, key: value}, Dataset)
    assert fault.startswith(said)


def test_an_empty_window_is_refused():
    (fault,) = faults({"low_db": 0.0, "high_db": 0.0}, FixedWindow)
    assert fault == "high_db: must be greater than low_db, 0"


def test_a_decay_of_one_is_refused():
    assert faults({"decay": 1.0}, EmaCodes) == ["decay: must be greater than 0 and less than 1"]


@pytest.mark.parametrize("table", [GradientCodes, EmaCodes, OrderedCodes])
def test_there_are_no_more_codes_than_a_byte_can_number(table):
    assert faults({"num_codes": 256}, table) == []
    for num_codes in (1, 257):
        said = faults({"num_codes": num_codes}, table)
        assert said == ["num_codes: must lie between 2 and 256"]


def complaints(make_recipe, model, losses):
    recipe = make_recipe(model)
    object.__setattr__(recipe, "losses", losses)
    return dict(recipe.cross_checks())


def test_a_term_the_quantizer_does_not_have_must_be_left_out_or_zero(make_recipe):
    said = complaints(make_recipe, "aligned", Losses(commitment=0.25, codebook=0.0))
    assert said == {
        "losses.commitment": "the ordered quantizer has no commitment term; set it to 0.0"
    }


def test_a_term_the_quantizer_has_needs_a_weight(make_recipe):
    said = complaints(make_recipe, "puzzle", Losses(commitment=0.25))
    assert said == {
        "losses.codebook": "the gradient quantizer needs a weight for its codebook term"
    }


def test_weights_are_those_of_the_terms_there_are(make_recipe):
    recipe = make_recipe("aligned")
    object.__setattr__(recipe, "losses", Losses(commitment=0.0, codebook=0.0))
    assert recipe.loss_weights == {"reconstruction": 1.0}
    assert make_recipe("puzzle").loss_weights == {
        "reconstruction": 1.0,
        "commitment": 0.25,
        "codebook": 1.0,
    }
    assert LOSSES.keys() == {"gradient", "ema", "ordered"}


def test_every_metric_says_what_it_is():
    assert all(VqvaeRecipe.metrics.values())
