import numpy as np
import pytest

from engine.metrics.loudness import LoudnessMeter, loudness_of
from engine.systems.codec.data.level import crop_gains, whole_gain
from engine.systems.codec.recipe import AsRecorded, Loudness, Rms

RATE = 8_000


def noise(level=0.05, length=8_000):
    return (level * np.random.default_rng(0).standard_normal(length)).astype(np.float32)


def test_each_crop_is_gained_by_its_own_loudness():
    crops = np.stack([noise(0.01), noise(0.1)])
    gained = crops * crop_gains(crops, Loudness(lufs=-30.0), RATE)[:, None]
    assert loudness_of(gained, RATE) == pytest.approx([-30.0] * 2, abs=1e-3)


def test_digital_silence_stays_silence():
    zeros = np.zeros((2, 2_048), np.float32)
    assert not (zeros * crop_gains(zeros, Loudness(), RATE)[:, None]).any()
    assert [whole_gain([zeros[0]], level, RATE) for level in (Loudness(), Rms())] == [1.0, 1.0]


def test_what_has_no_loudness_is_gained_as_if_it_had_the_lowest():
    faint = noise(1e-6)[None]
    assert crop_gains(faint, Loudness(lufs=-16.0), RATE)[0] == pytest.approx(10 ** (54 / 20))
    assert whole_gain(faint, Loudness(lufs=-16.0), RATE) == pytest.approx(10 ** (54 / 20))


def test_what_has_hardly_any_energy_is_gained_as_if_it_had_a_little():
    faint = noise(1e-12)[None]
    assert whole_gain(faint, Rms(dbfs=-20.0), RATE) == pytest.approx(10 ** (50 / 20))


@pytest.mark.parametrize("level", [AsRecorded(), Rms(), Loudness()])
def test_a_callers_meter_hears_every_block_once(level):
    meter, clip = LoudnessMeter(RATE), noise()
    gain = whole_gain(np.split(clip, 10), level, RATE, meter)
    assert meter.lufs == pytest.approx(loudness_of(clip[None], RATE)[0])
    assert gain == whole_gain(np.split(clip, 10), level, RATE)


@pytest.mark.parametrize("level", [Loudness(lufs=-25.0), Rms(dbfs=-25.0)])
def test_the_blocks_a_clip_comes_in_do_not_matter(level):
    clip = noise()
    at_once = whole_gain([clip], level, RATE)
    assert whole_gain(np.split(clip, 10), level, RATE) == pytest.approx(at_once, rel=1e-9)


@pytest.mark.parametrize("level", [Loudness(lufs=0.0), Rms(dbfs=0.0)])
def test_a_peak_is_never_beyond_full_scale(level):
    clip = noise()
    assert whole_gain([clip], level, RATE) * np.abs(clip).max() == pytest.approx(1.0)
