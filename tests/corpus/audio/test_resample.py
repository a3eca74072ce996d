import numpy as np
import pytest
import soxr

from engine.corpus.audio.resample import at_rate


@pytest.mark.parametrize("num_channels", [1, 2])
def test_blocks_come_out_as_the_whole_does(num_channels):
    shape = (10_000,) if num_channels == 1 else (10_000, num_channels)
    samples = np.random.default_rng(0).normal(0.0, 0.1, shape).astype(np.float32)
    blocks = at_rate(np.array_split(samples, [1, 700, 5000]), 44_100, 16_000, num_channels)
    assert np.allclose(np.concatenate([*blocks]), soxr.resample(samples, 44_100, 16_000), atol=1e-6)


def test_at_the_same_rate_blocks_stay_as_they_are():
    blocks = [np.zeros(3), np.zeros(0)]
    assert [*at_rate(blocks, 8000, 8000)] == blocks
