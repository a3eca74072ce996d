import numpy as np
import pytest
import torch

from engine.systems.vqvae.baselines import grid_coder, lloyd_max, uniform_levels

CODERS = ("mean_spectrogram", "unquantised_grid", "uniform_grid", "lloyd_max")


def test_uniform_levels_are_the_middles_of_equal_steps():
    cells = torch.tensor([0.0, 0.09, 0.11, 0.55, 1.0])
    assert uniform_levels(cells, 10).tolist() == pytest.approx([0.05, 0.05, 0.15, 0.55, 0.95])


def test_lloyd_max_of_two_lumps_are_the_lumps():
    histogram = torch.zeros(1000)
    histogram[100] = 3.0
    histogram[899] = 1.0
    assert lloyd_max(histogram, 2).tolist() == pytest.approx([0.1005, 0.8995])


def test_a_grid_reads_a_smooth_spectrogram_back():
    rows = torch.linspace(0, 1, 128)[:, None].expand(128, 32)
    coded = grid_coder(lambda cells: cells)(rows[None, None])
    assert coded.shape == (1, 1, 128, 32)
    assert (coded - rows).abs().max() < 0.03


def test_each_coder_has_both_figures_and_more_freedom_is_never_worse(system):
    evaluated = system.baselines()
    found = evaluated.metrics
    assert found.keys() == {f"baseline/{name}" for name in evaluated.per_clip}
    assert found.keys() == {
        f"baseline/{coder}/{metric}" for coder in CODERS for metric in ("rmse_db", "reconstruction")
    }
    plain, lloyd, uniform = (
        found[f"baseline/{coder}/rmse_db"]
        for coder in ("unquantised_grid", "lloyd_max", "uniform_grid")
    )
    assert 0 < plain < uniform
    assert lloyd < uniform < found["baseline/mean_spectrogram/rmse_db"]


def test_the_mean_spectrogram_is_that_of_the_training_clips(make_system):
    system = make_system()
    train = system.train_clips.mel_db(range(len(system.train_clips))).clamp(-80, 40)
    evaluation = system.eval_clips.mel_db(range(len(system.eval_clips))).clamp(-80, 40)
    expected = (evaluation - train.mean(0)).square().mean().sqrt().item()
    found = system.baselines().metrics["baseline/mean_spectrogram/rmse_db"]
    assert found == pytest.approx(expected, rel=1e-4)


def test_the_trained_network_is_measured_against_the_uniform_grid(make_system):
    system = make_system()
    metrics = system.evaluate().metrics
    grid = system.baselines().metrics["baseline/uniform_grid/rmse_db"]
    assert metrics["eval/rmse_ratio_to_uniform_grid"] == pytest.approx(
        metrics["eval/rmse_db"] / grid
    )
    assert np.isfinite(grid)
