import numpy as np
import pytest

from engine.metrics.artefacts import clicks_per_second, is_lost, offset

RATE = 8_000
TONE = (0.5 * np.sin(2 * np.pi * 200 * np.arange(2 * RATE) / RATE)).astype(np.float32)


def test_each_jump_over_half_of_full_scale_is_a_click():
    made = TONE.copy()
    made[[100, 5_000, 9_000]] += 2.0  # a sample astray is a jump there and a jump back
    assert clicks_per_second(made, TONE, RATE) == pytest.approx(6 / 2)
    assert clicks_per_second(TONE, TONE, RATE) == 0.0


def test_jumps_that_the_original_has_are_none_of_the_model():
    square = np.sign(np.sin(2 * np.pi * 100 * (np.arange(RATE) + 0.5) / RATE)).astype(np.float32)
    assert clicks_per_second(square, square, RATE) == 0.0
    assert clicks_per_second(square, 0.01 * square, RATE) > 100


def test_what_is_30_db_below_the_original_is_lost():
    assert is_lost(10 ** (-31 / 20) * TONE, TONE)
    assert not is_lost(10 ** (-29 / 20) * TONE, TONE)
    assert is_lost(np.zeros_like(TONE), TONE)
    assert not is_lost(np.zeros_like(TONE), np.zeros_like(TONE))


def test_the_offset_is_the_mean_samples_distance_from_0():
    assert offset(TONE) == pytest.approx(0.0, abs=1e-6)
    assert offset(TONE - 0.3) == pytest.approx(0.3, abs=1e-6)
    assert offset(TONE[:0]) == 0.0
