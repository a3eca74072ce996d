from pathlib import Path

import pytest
from attrs import evolve

from engine.recipe import load_recipe
from engine.system_support.discovery import recipe_classes
from engine.systems.vqvae.metric_units import unit_parameters
from engine.systems.vqvae.recipe import BatchMinMax, EmaCodes, FixedWindow, GradientCodes

RECIPE = load_recipe(Path(__file__).parents[3] / "recipes/audio_vae.toml", classes=recipe_classes())
NORMALIZED = {"reconstruction", "loss", "rmse_ratio_to_uniform_grid"}
MINMAX = evolve(RECIPE, model=evolve(RECIPE.model, normalisation=BatchMinMax()))


def modelled(**changes):
    return evolve(RECIPE, model=evolve(RECIPE.model, **changes))


def trained(recipe, **changes):
    return evolve(recipe, training=evolve(recipe.training, **changes))


@pytest.mark.parametrize(
    ("before", "after", "apart"),
    [
        (RECIPE, trained(RECIPE, batch_size=8, epochs=1), set()),
        (RECIPE, modelled(latent_dim=8), set()),
        (RECIPE, evolve(RECIPE, losses=evolve(RECIPE.losses, commitment=8.0)), {"loss"}),
        (RECIPE, modelled(quantizer=EmaCodes()), {"loss"}),
        (RECIPE, modelled(quantizer=GradientCodes(num_codes=8)), {"rmse_ratio_to_uniform_grid"}),
        (RECIPE, modelled(normalisation=FixedWindow(low_db=-90.0)), NORMALIZED),
        (RECIPE, MINMAX, NORMALIZED),
        (MINMAX, trained(MINMAX, batch_size=8), NORMALIZED),
    ],
)
def test_a_unit_is_another_where_what_it_depends_on_is(before, after, apart):
    ours, theirs = unit_parameters(before), unit_parameters(after)
    assert {name for name in ours if ours[name] != theirs[name]} == apart


def test_they_are_metrics_of_the_evaluation():
    assert {f"eval/{name}" for name in unit_parameters(RECIPE)} <= set(RECIPE.metrics)
