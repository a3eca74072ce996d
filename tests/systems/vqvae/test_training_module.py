import numpy as np
import pytest
import torch

from tests.systems.vqvae.conftest import train


@pytest.fixture
def batch(system):
    return system.train_clips.batch(range(6), np.random.default_rng(0))


def test_terms_are_those_the_recipe_weighs(system, batch):
    terms = system.module.autoencoder(batch)
    assert terms.losses.keys() == system.turns[0].weights.keys()
    assert all(value.ndim == 0 and value.isfinite() for value in terms.losses.values())
    assert 1.0 <= terms.metrics["perplexity"] <= 10.001


def test_every_parameter_belongs_to_the_one_turn(system):
    (turn,) = system.turns
    assert turn.name == "autoencoder"
    assert dict(system.module.named_parameters()).keys() == turn.parameters.keys()


def test_reconstruction_is_the_mean_squared_error_of_normalised_mels(make_system):
    system = make_system("aligned")
    batch = system.eval_clips.batch(range(4), np.random.default_rng(0))
    system.module.eval()
    mel = ((batch["target_db"] + 80.0) / 120.0).clamp(0.0, 1.0)
    rebuilt = system.module.network(mel).reconstruction
    found = system.module.autoencoder(batch).losses["reconstruction"]
    assert found.item() == pytest.approx((rebuilt - mel).square().mean().item(), rel=1e-5)


def test_swapping_the_input_between_clips_moves_the_loss(system, batch):
    before = system.module.autoencoder(batch).losses["reconstruction"]
    swapped = {**batch, "mel_db": batch["mel_db"].roll(1, dims=0)}
    assert system.module.autoencoder(swapped).losses["reconstruction"] != before


def test_the_same_seed_gives_the_same_weights(make_system):
    first, second = (make_system("puzzle").module.state_dict() for _ in range(2))
    assert all(torch.equal(value, second[name]) for name, value in first.items())


@pytest.mark.parametrize("model", ["aligned", "aligned ema", "puzzle"])
def test_training_reduces_the_reconstruction_error(make_system, model):
    system = make_system(model)
    untrained = train(system, 0).evaluate().metrics["eval/rmse_db"]
    assert train(system, 40).evaluate().metrics["eval/rmse_db"] < 0.8 * untrained


def test_half_precision_learns_too(system, batch):
    with torch.autocast("cpu", torch.bfloat16):
        terms = system.module.autoencoder(batch)
    weights = system.turns[0].weights
    sum(weights[name] * value for name, value in terms.losses.items()).backward()
    assert all(p.grad.isfinite().all() for p in system.module.parameters())
