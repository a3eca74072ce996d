"""Which rate audio was recorded at, whatever rate it is declared at."""

import numpy as np
import pytest
import soxr

from engine.training.checks.spectrum import spectrum_check
from engine.training.system import TrainingAudio

SECONDS = 3


def speech_like(rate, seed):
    """A voice with harmonics up to the end of the band, and breath."""
    random, time = np.random.default_rng(seed), np.arange(SECONDS * rate) / rate
    pitch = 120 * 2 ** (0.3 * np.sin(2 * np.pi * 0.7 * time + seed))
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    voice = sum(np.sin(k * phase) / k for k in range(1, int(rate / 2 / 160)))
    breath = random.standard_normal(len(time)) * 0.02 * (1 + np.sin(2 * np.pi * 3 * time))
    return 0.2 * voice + breath


def checked(clips, rate):
    whole = [(np.clip(clip, -1, 1) * 32767).astype(np.int16) for clip in clips]
    places = [[0, 1], [2]]
    return spectrum_check(places, TrainingAudio(lambda place: whole[place], rate))


@pytest.mark.parametrize("rate", [8_000, 16_000, 24_000])
def test_audio_of_its_own_rate_reaches_the_end_of_the_band(rate):
    assert checked([speech_like(rate, seed) for seed in range(3)], rate).ok


def test_audio_that_was_recorded_higher_and_filtered_reaches_it_too():
    clips = [soxr.resample(speech_like(44_100, seed), 44_100, 16_000) for seed in range(3)]
    assert checked(clips, 16_000).ok


@pytest.mark.parametrize(("old", "rate"), [(8_000, 16_000), (16_000, 24_000), (8_000, 22_050)])
def test_upsampled_audio_is_a_warning_with_its_old_rate(old, rate):
    clips = [soxr.resample(speech_like(old, seed), old, rate) for seed in range(3)]
    check = checked(clips, rate)
    assert (check.ok, check.action) == (False, "warn")
    said = float(check.detail.partition("upsampled from about ")[2].split()[0].replace(",", ""))
    assert 0.9 * old < said < 1.1 * old


@pytest.mark.parametrize("old", [8_000, 12_000])
def test_audio_that_was_upsampled_without_a_filter_mirrors_itself(old):
    rate, clips = 24_000, []
    for seed in range(3):
        clip = speech_like(old, seed)
        at = np.arange(SECONDS * rate) * old / rate
        clips.append(np.interp(at, np.arange(len(clip)), clip))
    check = checked(clips, rate)
    assert not check.ok
    assert f"resampled from {old:,} Hz without a filter" in check.detail


def test_clips_without_sound_decide_nothing():
    assert "not checked" in checked([np.zeros(100)] * 3, 16_000).detail
