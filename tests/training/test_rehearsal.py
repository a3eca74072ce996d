import pytest
import torch
from lightning_fabric import Fabric

from engine.recipe.schema import Cosine
from engine.training.rehearsal import rehearse
from tests.training.toy import toy_recipe, toy_system


def test_the_forecast_counts_what_the_recipe_says(tmp_path):
    recipe = toy_recipe(
        epochs=20, evaluate_every="epoch:5", schedule={"denoiser": Cosine(warmup_steps=10)}
    )
    torch.manual_seed(0)
    system = toy_system(recipe)
    forecast = rehearse(Fabric(accelerator="cpu"), system, recipe, tmp_path)
    assert forecast.parameters == sum(p.numel() for p in system.objective.parameters())
    assert (forecast.steps_per_epoch, forecast.total_steps) == (5, 100)
    assert forecast.num_evaluations == 5
    assert [step for step, _ in forecast.rates["denoiser"]] == [1, 10, 50, 100]
    assert forecast.rates["denoiser"][0][1] == pytest.approx(1e-3)
    assert forecast.step_seconds > 0
    assert forecast.total_seconds > forecast.step_seconds * 100
    assert forecast.resumable_bytes > forecast.weights_bytes > 0


def test_a_rehearsal_writes_nothing_that_stays(tmp_path):
    recipe = toy_recipe()
    rehearse(Fabric(accelerator="cpu"), toy_system(recipe), recipe, tmp_path)
    assert list(tmp_path.iterdir()) == []
