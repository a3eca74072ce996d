"""Log mel features need no weights and keep what they are told to keep."""

import numpy as np
import pytest
import torch

from engine.analysis.content.open_content import open_content
from tests.analysis.sounds import glide, noise


def opened(dim=768, **settings):
    return open_content("logmel", dim=dim, device=torch.device("cpu"), **settings)


@pytest.mark.parametrize("length", [0, 1, 319, 320, 16_000])
def test_there_are_50_frames_a_second(length):
    encoder = opened()
    features = encoder(np.ones(length, np.float32))
    assert features.shape == (length // 320 + 1, 768)
    assert features.dtype == np.float32
    assert len(features) == encoder.num_frames(length)


def test_turning_keeps_distances_so_that_any_dim_says_the_same():
    sound, _ = glide()
    narrow, wide = opened(dim=64)(sound), opened(dim=768)(sound)
    np.testing.assert_allclose(narrow @ narrow.T, wide @ wide.T, rtol=1e-3, atol=1e-2)


def test_the_clips_level_is_taken_out():
    sound = noise()
    plain, quieter = (opened(normalise="off")(clip) for clip in (sound, 0.5 * sound))
    assert np.abs(plain - quieter).max() > 0.1
    np.testing.assert_allclose(opened()(sound), opened()(0.5 * sound), atol=1e-4)


def test_few_cepstra_smooth_the_spectrum():
    """Kept coefficients are as many as the features' dimensions that vary."""
    features = opened(normalise="off", num_cepstra=6)(noise())
    values = np.linalg.svd(features - features.mean(0), compute_uv=False)
    assert (values > 1e-3 * values[0]).sum() == 6


def test_settings_are_in_the_digest():
    variants = [{}, {"num_mels": 64}, {"num_cepstra": 13}, {"normalise": "off"}, {"dim": 256}]
    assert len({opened(**settings).digest for settings in variants}) == len(variants)
