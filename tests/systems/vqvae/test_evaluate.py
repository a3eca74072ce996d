import attrs
import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from engine.metrics.codes import CodeEnergies
from engine.systems.vqvae.errors import cell_means
from engine.systems.vqvae.evaluate import evaluate_clips, metrics_of
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
        evaluate_clips(system.module, system.eval_clips, batch_size) for batch_size in (4, 64)
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
    before = {name: value.clone() for name, value in system.module.state_dict().items()}
    train(system, 0).evaluate()
    after = system.module.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())


def test_the_loss_is_the_weighted_sum_of_its_terms(make_system):
    system = train(make_system("puzzle"), 2)
    evaluation = evaluate_clips(system.module, system.eval_clips, 8)
    metrics = system.evaluate().metrics
    expected = metrics["eval/reconstruction"] + 0.25 * evaluation.losses["commitment"]
    expected += evaluation.losses["codebook"]
    assert metrics["eval/loss"] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("model", ["puzzle", "aligned", "aligned ema"])
def test_the_order_is_that_of_the_codes_an_export_writes(make_system, tmp_path, model):
    system = train(make_system(model), 20)
    order = system.evaluate().metrics["eval/order"]
    system.export(tmp_path / "export")
    rows = [system.all_clips.ids.index(clip) for clip in system.eval_clips.ids]
    codes = np.load(tmp_path / "export" / "codes.npy")[rows]
    energies = cell_means(system.all_clips.mel_db(rows)).numpy()
    expected = spearmanr(codes.ravel(), energies.ravel()).statistic
    assert order == pytest.approx(expected, abs=1e-2)


def test_levels_out_of_order_are_not_sorted_for_the_metric(make_system):
    system = make_system("aligned")
    evaluation = evaluate_clips(system.module, system.eval_clips, 8)
    energies, levels_db = CodeEnergies(10), [0, 5, 1, 2, 3, 4, 9, 7, 8, 6]
    energies.add(np.arange(10), np.array(levels_db))
    as_they_are = attrs.evolve(evaluation, energies=energies, order=np.arange(10))
    metrics = metrics_of(as_they_are, {"reconstruction": 1.0}, 1.0)
    expected = spearmanr(range(10), levels_db).statistic
    assert metrics["eval/order"] == pytest.approx(expected)
