"""Whether the highest or the lowest value of a metric is the best."""

import pytest
from attrs import evolve

from engine.recipe import RecipeError, load_recipe
from engine.recipe.judged import GROUP, KNOWN
from engine.recipe.metric_names import direction_of
from engine.recipe.schema import Recipe
from engine.system_support.discovery import recipe_classes
from tests.run_folders import RECIPES

LOOKED_AT = {
    "codec": {
        "amplitude_ratio",
        "bitrate_efficiency",
        "clips",
        "codebook_<n>/entropy_bits",
        "codebook_<n>/perplexity",
        "codebook_<n>/usage",
        "dead_codes",
        "entropy_kbps",
        "frames",
        "kbps",
        "lag_samples",
        "perplexity",
        "quantizers_<n>/amplitude_ratio",
        "quantizers_<n>/kbps",
    },
    "codec_lm": {
        "clips",
        "generated/length_ratio",
        "reference_gain",
        "seen/clips",
        "seen/reference_gain",
        "seen/speakers",
        "seen/text_gain",
        "speakers",
        "text_gain",
    },
    "rvc": {"clips", "conversion/clips", "frames", "kl"},
    "vqvae": {"codes_seen", "codes_used", "order", "perplexity"},
    "xtts": {
        "clips",
        "codes",
        "mel_ce_increase_wrong_text",
        "mel_ce_increase_wrong_voice",
        "speech/seconds",
    },
}
"""Results that have no better value: counts, and what should neither be high nor low."""

_FIGURES = {
    name
    for judge in KNOWN.values()
    for name, figure in judge.figures.items()
    if figure.best_is is None
}
_GROUPS = (f"{GROUP}/", "", "quantizers_<n>/")
DESCRIBED = {f"{group}{name}" for group in _GROUPS for name in _FIGURES}
"""Figures by which judges describe a clip; a codec's stand among its own."""


@pytest.mark.parametrize("system", LOOKED_AT)
def test_every_result_has_a_better_value_or_is_known_to_have_none(system):
    found = recipe_classes()[system]
    results = {name for name in found.metrics if name.startswith("eval/")}
    without = {name.removeprefix("eval/") for name in results - found.directions.keys()}
    assert without - DESCRIBED == LOOKED_AT[system]


def test_a_recipe_may_choose_the_better_value_of_a_metric_that_has_none():
    recipe = load_recipe(RECIPES / "audio_vae.toml", classes=recipe_classes())
    assert direction_of("eval/order", recipe) is None
    training = evolve(recipe.training, best="eval/order", best_is="highest")
    assert direction_of("eval/order", evolve(recipe, training=training)) == "highest"


def test_a_recipe_that_takes_the_worst_for_the_best_is_refused():
    with pytest.raises(RecipeError, match=r"best_is.*must be 'highest' for eval/si_sdr_db"):
        load_recipe(
            RECIPES / "codec_dac_paper.toml",
            classes=recipe_classes(),
            overrides=["training.best='eval/si_sdr_db'", "training.best_is='lowest'"],
        )


def test_a_system_cannot_give_a_direction_to_a_metric_that_it_does_not_have():
    with pytest.raises(AssertionError, match="eval/speed"):
        type("Toy", (Recipe,), {"directions": {"eval/speed": "lowest"}})
