"""Which metrics have a unit that depends on the recipe, and on which of its settings."""

from collections.abc import Mapping

from attrs import asdict

from engine.evaluation.unit import Plain
from engine.systems.vqvae.errors import HIGH_DB, LOW_DB
from engine.systems.vqvae.recipe import BatchMinMax, VqvaeRecipe


def unit_parameters(recipe: VqvaeRecipe) -> dict[str, Mapping[str, Plain]]:
    """The settings that a metric's unit depends on, by its name without `eval/`.

    Normalized errors depend on the window (on the batch, with batch min/max); the loss also on its
    terms and their weights; the ratio to the grid on the grid's levels.
    """
    normalisation, quantizer = recipe.model.normalisation, recipe.model.quantizer
    window: dict[str, Plain] = {"normalisation": normalisation.kind, **asdict(normalisation)}
    if isinstance(normalisation, BatchMinMax):
        window["training.batch_size"] = recipe.training.batch_size
    weights = {f"losses.{term}": weight for term, weight in recipe.loss_weights.items()}
    return {
        "reconstruction": window,
        "loss": {**window, "quantizer": quantizer.kind, **weights},
        "rmse_db": {"from_db": LOW_DB, "to_db": HIGH_DB},
        "rmse_ratio_to_uniform_grid": {**window, "quantizer.num_codes": quantizer.num_codes},
    }
