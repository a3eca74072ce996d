import hashlib
import math

import numpy as np
import pytest

from engine.corpus.measure.level import Level, decibels

RATE = 16_000


def measured(samples, *, block=1_000):
    level = Level(RATE)
    for start in range(0, len(samples), block):
        level.add(samples[start : start + block].astype(np.float32))
    return level


def test_a_sine_has_its_peak_and_its_root_mean_square():
    level = measured(0.5 * np.sin(np.arange(RATE) * 2 * np.pi * 440 / RATE))
    assert level.peak == pytest.approx(0.5, abs=1e-3)
    assert level.rms_dbfs == pytest.approx(20 * math.log10(0.5 / math.sqrt(2)), abs=0.02)
    assert (level.clipped_share, level.silent_share) == (0.0, 0.0)


def test_samples_at_full_scale_and_beyond_are_clipped():
    assert measured(np.array([0.9, -1.0, 32767 / 32768, 3.0])).clipped_share == 0.75


def test_silence_is_counted_in_frames_of_20_ms():
    samples = np.concatenate([np.zeros(RATE // 2), np.full(RATE // 2, 0.1)])
    assert measured(samples).silent_share == 0.5
    assert measured(np.full(RATE, 0.002)).silent_share == 1.0


@pytest.mark.parametrize("block", [7, 319, 320, 16_000])
def test_blocks_do_not_matter(block):
    samples = np.random.default_rng(3).standard_normal(10_007) * 0.01
    one, other = measured(samples), measured(samples, block=block)
    assert one.sha256 == other.sha256
    assert (one.silent_share, one.rms_dbfs) == (other.silent_share, other.rms_dbfs)


def test_the_checksum_is_of_the_rate_and_the_samples():
    samples = np.array([0.25, -0.5], np.float32)
    expected = hashlib.sha256(b"16000 Hz\n" + samples.astype("<f4").tobytes()).hexdigest()
    assert measured(samples).sha256 == expected


@pytest.mark.parametrize(
    ("amplitude", "expected"), [(1.0, 0.0), (0.1, -20.0), (10.0, 20.0), (0.0, -math.inf)]
)
def test_decibels_are_relative_to_full_scale(amplitude, expected):
    assert decibels(amplitude) == pytest.approx(expected)
