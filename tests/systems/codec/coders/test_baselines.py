import numpy as np
import pytest

from engine.metrics.signal import lag_samples, si_sdr_db, snr_db
from engine.systems.codec.coders.baselines import MuLawPcm, baseline_coders, excerpts, fit_mulaw_pcm

RATE = 8_000


def syllables(seed, seconds=1.0):
    """Harmonics of a gliding pitch in syllables, over a little noise."""
    random = np.random.default_rng(seed)
    time = np.arange(round(seconds * RATE)) / RATE
    phase = 2 * np.pi * np.cumsum(140 + 20 * np.sin(2 * np.pi * time + seed)) / RATE
    harmonics = sum(np.sin(k * phase) / k**2 for k in range(1, 20))
    envelope = np.clip(np.sin(2 * np.pi * 3 * time + seed), 0, 1)
    return (0.1 * harmonics * envelope + 1e-3 * random.standard_normal(len(time))).astype("f4")


@pytest.fixture(scope="module")
def training():
    return [syllables(seed) for seed in range(5)]


@pytest.mark.parametrize("bits_per_second", [2_000, 10_000, 1_000_000])
def test_each_coder_keeps_to_the_bitrate_and_returns_a_clip_of_the_same_length(
    training, bits_per_second
):
    clip = syllables(9, seconds=1.5)
    coders = baseline_coders(training, RATE, bits_per_second)
    assert list(coders) == ["silence", "mulaw_pcm", "transform"]
    for coder in coders.values():
        coded = coder(clip, RATE)
        assert coded.audio.shape == clip.shape
        assert coded.audio.dtype == np.float32
        # Resampling may round up to one more sample.
        assert coded.bits <= 1.5 * bits_per_second + 8
        assert lag_samples(clip, coded.audio, 160) == 0


def test_a_transform_beats_samples_which_beat_nothing_at_the_same_bitrate(training):
    coders, clip = baseline_coders(training, RATE, 10_000), syllables(9)
    silence, pcm, transform = (coder(clip, RATE) for coder in coders.values())
    assert not silence.audio.any()
    assert silence.bits == 0.0
    assert 0 < si_sdr_db(clip, pcm.audio) < si_sdr_db(clip, transform.audio)


@pytest.mark.parametrize(("bits", "low", "high"), [(8, 36, 40), (4, 11, 17)])
def test_mulaw_at_the_rate_of_the_clip_has_the_snr_of_its_bits(bits, low, high):
    clip = np.sin(2 * np.pi * 310 * np.arange(RATE) / RATE).astype(np.float32) * 0.5
    coded = MuLawPcm(RATE, bits)(clip, RATE)
    assert low < snr_db(clip, coded.audio) < high
    assert coded.bits == bits * RATE


def test_mulaw_has_the_bits_a_sample_that_suit_the_clips_best(training):
    chosen = fit_mulaw_pcm(training, RATE, 10_000)
    assert chosen.rate_hz * chosen.bits_per_sample == pytest.approx(10_000)
    figures = {
        bits: np.mean(
            [si_sdr_db(clip, MuLawPcm(10_000 / bits, bits)(clip, RATE).audio) for clip in training]
        )
        for bits in range(2, 9)
    }
    assert chosen.bits_per_sample == max(figures, key=figures.get)
    assert fit_mulaw_pcm(training, RATE, 1e6).rate_hz == RATE


@pytest.mark.parametrize("num_samples", [1, 2, 3, 50])
def test_a_clip_of_hardly_any_samples_is_coded_too(training, num_samples):
    for coder in baseline_coders(training, RATE, 1_000).values():
        assert coder(syllables(9)[:num_samples], RATE).audio.shape == (num_samples,)


def test_few_of_many_clips_are_read_and_silent_ones_passed_over(training):
    clips, read = [np.zeros(RATE, np.float32), *training] * 100, []

    def reader(index):
        read.append(index)
        return clips[index]

    fitted = excerpts(reader, len(clips), RATE)
    assert len(read) == 32
    assert (min(read), max(read)) == (0, len(clips) - 1)
    assert 20 < len(fitted) < 32
    decoded = baseline_coders(fitted, RATE, 8_000)["transform"](syllables(9), RATE).audio
    assert si_sdr_db(syllables(9), decoded) > 10


def test_of_a_long_clip_the_loudest_five_seconds_are_taken_and_nothing_else_is_kept():
    clip = np.concatenate([np.zeros(6 * RATE, np.float32), syllables(1, seconds=8.0)])
    clip[10 * RATE : 14 * RATE] *= 3.0
    (part,) = excerpts(lambda _: clip, 1, RATE)
    assert np.array_equal(part, clip[10 * RATE :])
    (part,) = excerpts(lambda _: np.pad(clip, (0, 2 * RATE)), 1, RATE)
    assert part.base is None
    assert len(part) == 5 * RATE


def test_where_nothing_is_heard_nothing_is_fitted():
    fitted = excerpts(lambda _: np.zeros(6 * RATE, np.float32), 3, RATE)
    assert list(baseline_coders(fitted, RATE, 8_000)) == ["silence"]
    assert excerpts(lambda _: np.zeros(0, np.float32), 1, RATE) == []
