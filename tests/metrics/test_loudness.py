import numpy as np
import pyloudnorm
import pytest

from engine.metrics.loudness import LoudnessMeter, loudness_of


def speech_like(seconds, rate, seed=0):
    """Noise in syllables and pauses."""
    random, length = np.random.default_rng(seed), round(seconds * rate)
    levels = np.repeat(random.uniform(0.0, 0.3, length // (rate // 8) + 1) ** 2, rate // 8)
    return (levels[:length] * random.standard_normal(length)).astype(np.float32)


def measured(samples, rate, block=1_000):
    meter = LoudnessMeter(rate)
    for start in range(0, len(samples), block):
        meter.add(samples[start : start + block])
    return meter.lufs


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000])
def test_it_is_what_pyloudnorm_measures(rate):
    samples = speech_like(3.2, rate)
    theirs = pyloudnorm.Meter(rate, filter_class="DeMan").integrated_loudness(samples)
    assert measured(samples, rate) == pytest.approx(theirs, abs=1e-6)


def test_the_weighting_of_audiotools_which_is_not_the_tables_differs_little():
    samples = speech_like(3.2, 44_100)
    theirs = pyloudnorm.Meter(44_100).integrated_loudness(samples)
    assert measured(samples, 44_100) == pytest.approx(theirs, abs=0.1)


def test_a_tone_of_997_hz_at_full_scale_has_the_loudness_the_recommendation_says():
    tone = np.sin(2 * np.pi * 997 * np.arange(2 * 48_000) / 48_000).astype(np.float32)
    assert measured(tone, 48_000) == pytest.approx(-3.01, abs=0.01)


def test_the_blocks_it_comes_in_do_not_matter():
    samples = speech_like(1.7, 16_000)
    found = [measured(samples, 16_000, block) for block in (1, 37, 1_600, 10**6)]
    assert found == pytest.approx([found[0]] * 4, abs=1e-9)


def test_pauses_are_not_counted():
    samples = speech_like(2.0, 16_000)
    paused = np.concatenate([samples, np.zeros(5 * 16_000, np.float32)])
    assert measured(paused, 16_000) == pytest.approx(measured(samples, 16_000), abs=0.5)
    loud_half_hour = measured(np.concatenate([samples, 1e-3 * samples]), 16_000)
    assert loud_half_hour == pytest.approx(measured(samples, 16_000), abs=0.5)


def test_what_is_shorter_than_half_a_second_is_padded_with_silence():
    samples = speech_like(0.38, 16_000)
    padded = np.pad(samples, (0, 8_000 - len(samples)))
    theirs = pyloudnorm.Meter(16_000, filter_class="DeMan").integrated_loudness(padded)
    meter = LoudnessMeter(16_000)
    meter.add(samples)
    assert meter.lufs == pytest.approx(theirs, abs=1e-6)
    assert meter.lufs == meter.lufs
    meter.add(samples)
    assert meter.lufs == pytest.approx(measured(np.concatenate([samples, samples]), 16_000))


def test_silence_has_none():
    assert measured(np.zeros(16_000, np.float32), 16_000) == -np.inf
    assert LoudnessMeter(16_000).lufs == -np.inf
    assert measured(1e-5 * speech_like(1.0, 16_000), 16_000) == -np.inf


@pytest.mark.parametrize("seconds", [0.38, 0.5, 1.23])
def test_a_batch_is_measured_as_its_rows_are(seconds):
    rows = [level * speech_like(seconds, 44_100, seed) for seed, level in enumerate((1, 0.1, 0))]
    batch = np.stack(rows)
    given = batch.copy()
    found = loudness_of(batch, 44_100)
    assert found.shape == (3,)
    assert found.tolist() == pytest.approx([measured(row, 44_100) for row in rows], abs=1e-9)
    assert np.array_equal(batch, given)


@pytest.mark.parametrize("rate", [1_000, 2_000, 3_000, 3_363, 3_364])
def test_at_a_rate_below_the_shelf_it_is_measured_without_it(rate):
    times = np.arange(4 * rate) / rate
    tone = (0.1 * np.sin(2 * np.pi * 300.0 * times)).astype(np.float32)
    # BS.1770's high pass is not scaled to 1 in its passband, which tells at rates as low as these.
    unweighted = -0.691 + 20 * np.log10(0.1) - 10 * np.log10(2)
    assert unweighted < measured(tone, rate) < unweighted + 2.0
    assert loudness_of(tone[None], rate)[0] == pytest.approx(measured(tone, rate))
    noise = speech_like(20.0, rate)
    assert np.isfinite(measured(noise, rate))


def test_a_block_of_no_samples_is_nothing():
    meter, samples = LoudnessMeter(16_000), speech_like(1.0, 16_000)
    for block in (samples[:0], samples[:9_000], samples[:0], samples[9_000:], samples[:0]):
        meter.add(block)
    assert meter.lufs == measured(samples, 16_000)
