"""Crops that are found again in the clips they were cut from."""

import numpy as np
import pytest

from engine.systems.codec.data.found_again import found_again

RATE_HZ = 8_000
START, LENGTH = 20_000, 512


def clip_with_quiet_end(quiet):
    """A loud second, and then a recording's noise of a few 16-bit steps."""
    random = np.random.default_rng(0)
    loud = 0.9 * np.sin(np.arange(2 * RATE_HZ) * 0.1) * random.uniform(0.5, 1, 2 * RATE_HZ)
    noise = np.round(random.normal(0, quiet, 2 * RATE_HZ)) / 32_768
    return np.concatenate([loud, noise]).astype(np.float32)


@pytest.mark.parametrize("quiet", [0.7, 2.0, 20.0, 2_000.0])
@pytest.mark.parametrize("gain", [1.0, 40.0])
def test_a_crop_is_found_however_much_quieter_it_is_than_the_rest_of_its_clip(quiet, gain):
    clip = clip_with_quiet_end(quiet)
    crop = gain * clip[START : START + LENGTH]
    again = found_again(crop, clip, RATE_HZ, own_level=gain != 1.0)
    np.testing.assert_allclose(again.made, again.kept, atol=again.tolerance)


def test_a_crop_of_another_clip_is_not_found():
    crop = clip_with_quiet_end(2_000.0)[START : START + LENGTH][::-1].copy()
    again = found_again(crop, clip_with_quiet_end(2_000.0), RATE_HZ, own_level=False)
    assert (np.abs(again.made - again.kept) > again.tolerance).mean() > 0.5


def test_digital_silence_has_no_place():
    assert found_again(np.zeros(LENGTH), clip_with_quiet_end(2.0), RATE_HZ, own_level=False) is None
