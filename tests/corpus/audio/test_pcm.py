import io

import numpy as np
import pytest

from engine.corpus.audio.pcm import PcmWriter, to_int16


def written(samples, from_hz, to_hz, block=1 << 16):
    file = io.BytesIO()
    writer = PcmWriter(file, from_hz, to_hz)
    for start in range(0, len(samples), block):
        writer.write(samples[start : start + block])
    writer.finish()
    packed = np.frombuffer(file.getvalue(), "<i2")
    assert len(packed) == writer.num_samples
    return packed


def sine(seconds, rate, hz=1000.0):
    return (0.5 * np.sin(2 * np.pi * hz * np.arange(int(seconds * rate)) / rate)).astype(np.float32)


def test_samples_are_rounded_to_the_nearest_level():
    levels = np.array([0.4, 0.6, -0.4, -0.6, 1.5, 2.5], np.float32) / 32768
    assert to_int16(levels).tolist() == [0, 1, 0, -1, 2, 2]


def test_what_is_louder_than_full_scale_is_clipped():
    loud = np.array([1.0, 1.5, -1.0, -1.5], np.float32)
    assert to_int16(loud).tolist() == [32767, 32767, -32768, -32768]


def test_every_16_bit_sample_survives_its_own_rate():
    samples = np.arange(-32768, 32768, dtype=np.int16)
    packed = written(samples.astype(np.float32) / 32768, 16_000, 16_000)
    assert np.array_equal(packed, samples)


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000])
def test_resampling_keeps_length_and_tone(rate):
    packed = written(sine(2, rate), rate, 16_000)
    assert abs(len(packed) - 32_000) <= 1
    middle = slice(8_000, 24_000)
    expected = sine(2, 16_000)[middle]
    assert np.abs(packed[middle] / 32768 - expected).max() < 1e-3


def test_resampling_does_not_depend_on_where_blocks_are_cut():
    samples = sine(2, 44_100)
    whole, pieces = written(samples, 44_100, 16_000), written(samples, 44_100, 16_000, block=1_000)
    assert np.array_equal(whole, pieces)
