"""Which metrics have a unit that depends on the recipe, and on which of its settings."""

import hashlib
import json
from typing import Any

from attrs import asdict

from engine.systems.vqvae.recipe import BatchMinMax, VqvaeRecipe


def metric_units(recipe: VqvaeRecipe) -> dict[str, str]:
    """Digest of the settings that a metric's unit depends on, by its name without `eval/`.

    Normalized errors depend on the window (on the batch, with batch min/max); the loss also on its
    terms and their weights; the ratio to the grid on the grid's levels.
    """
    normalisation = recipe.model.normalisation
    window: list[Any] = [normalisation.kind, asdict(normalisation)]
    if isinstance(normalisation, BatchMinMax):
        window.append(recipe.training.batch_size)
    quantizer = recipe.model.quantizer
    return {
        "reconstruction": _digest([window]),
        "loss": _digest([window, quantizer.kind, recipe.loss_weights]),
        "rmse_ratio_to_uniform_grid": _digest([window, quantizer.num_codes]),
    }


def _digest(facts: list[Any]) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:8]
