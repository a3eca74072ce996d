import numpy as np
import pytest
import torch

from engine.systems.vqvae.evaluate import evaluate_clips
from engine.systems.vqvae.recipe import VqvaeRecipe
from tests.systems.vqvae.conftest import train


def test_every_declared_metric_is_there_and_no_other(system):
    declared = {name for name in VqvaeRecipe.metrics if name.startswith("eval/")}
    evaluated = train(system, 1).evaluate()
    assert evaluated.metrics.keys() == declared
    assert all(np.isfinite(value) for value in evaluated.metrics.values())


def test_figures_are_over_clips_and_not_means_of_batch_means(make_system):
    system = train(make_system("puzzle"), 3)
    small, large = (
        evaluate_clips(system.objective, system.eval_clips, batch_size) for batch_size in (4, 64)
    )
    assert len(system.eval_clips) % 4
    assert small.errors.metrics == pytest.approx(large.errors.metrics, rel=1e-5)
    assert dict(small.losses) == pytest.approx(dict(large.losses), rel=1e-5)
    assert small.energies.counts.tolist() == large.energies.counts.tolist()


def test_decibels_are_120_times_the_normalised_error_under_the_default_window(make_system):
    metrics = train(make_system("aligned"), 1).evaluate().metrics
    expected = 120.0 * np.sqrt(metrics["eval/reconstruction"])
    assert metrics["eval/rmse_db"] == pytest.approx(expected, rel=1e-4)


def test_the_error_of_the_set_is_that_of_its_clips(system):
    evaluated = train(system, 1).evaluate()
    each = evaluated.per_clip["rmse_db"]
    assert len(each) == len(system.eval_clips)
    assert evaluated.metrics["eval/rmse_db"] == pytest.approx(np.sqrt((each**2).mean()), rel=1e-5)


def test_evaluation_leaves_the_weights_as_they_are(system):
    before = {name: value.clone() for name, value in system.objective.state_dict().items()}
    train(system, 0).evaluate()
    after = system.objective.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())


def test_the_loss_is_the_weighted_sum_of_its_terms(make_system):
    system = train(make_system("puzzle"), 2)
    evaluation = evaluate_clips(system.objective, system.eval_clips, 8)
    metrics = system.evaluate().metrics
    expected = metrics["eval/reconstruction"] + 0.25 * evaluation.losses["commitment"]
    expected += evaluation.losses["codebook"]
    assert metrics["eval/loss"] == pytest.approx(expected, rel=1e-6)
