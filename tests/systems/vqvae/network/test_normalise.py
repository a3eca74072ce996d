import torch

from engine.systems.vqvae.network.normalize import window_of
from engine.systems.vqvae.recipe import BatchMinMax, FixedWindow

MEL_DB = torch.tensor([[-100.0, -80.0], [-20.0, 40.0]])[:, None, None]


def test_a_fixed_window_clamps_and_goes_back_to_decibels():
    window = window_of(FixedWindow(), MEL_DB)
    mel = window.normalize(MEL_DB)
    assert mel.flatten().tolist() == [0.0, 0.0, 0.5, 1.0]
    assert window.decibels(mel).flatten().tolist() == [-80.0, -80.0, -20.0, 40.0]


def test_under_a_fixed_window_a_clip_is_normalised_alone():
    alone = window_of(FixedWindow(), MEL_DB[:1]).normalize(MEL_DB[:1])
    assert torch.equal(alone, window_of(FixedWindow(), MEL_DB).normalize(MEL_DB)[:1])


def test_batch_min_max_spans_the_batch_and_goes_back_to_decibels():
    window = window_of(BatchMinMax(), MEL_DB)
    mel = window.normalize(MEL_DB)
    assert mel.min() == 0.0
    assert torch.allclose(mel.max(), torch.tensor(1.0))
    assert torch.allclose(window.decibels(mel), MEL_DB, atol=1e-4)


def test_a_batch_of_one_value_does_not_divide_by_zero():
    silence = torch.full((2, 1, 3, 3), -100.0)
    assert window_of(BatchMinMax(), silence).normalize(silence).isfinite().all()
