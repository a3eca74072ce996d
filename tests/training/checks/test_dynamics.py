"""Clips of noise, of music behind a voice, and of long pauses."""

import numpy as np
import pytest

from engine.training.checks.dynamics import dynamics_checks
from tests.training.checks.voiced import RATE_HZ, recordings, spoken

CLIPS = 30


def syllables(random):
    """Two seconds of a voice in syllables, with the noise of a room."""
    voice = spoken(0, random, seconds=2.0).astype(np.float64)
    beat = np.sin(2 * np.pi * 2.0 * np.arange(len(voice)) / RATE_HZ) > -0.3
    return voice * beat + random.normal(0, 10, len(voice))


def checked(change, share, is_speech=True):
    random = np.random.default_rng(0)
    clips = [syllables(random) for _ in range(CLIPS)]
    changed = [change(clip, random) for clip in clips[: round(share * CLIPS)]]
    whole = [
        clip.clip(-32768, 32767).astype(np.int16) for clip in [*changed, *clips[len(changed) :]]
    ]
    return {one.name: one for one in dynamics_checks(recordings(whole), is_speech)}


def noise(clip, random):
    return random.normal(0, 1_500, len(clip))


def music(clip, random):
    seconds = np.arange(len(clip)) / RATE_HZ
    chord = sum(np.sin(2 * np.pi * tone * seconds) for tone in random.uniform(200, 900, 3))
    return clip + chord * np.sqrt(np.mean(clip**2) / np.mean(chord**2))


def pauses(clip, random):
    before, after = random.normal(0, 10, (2, round(1.5 * RATE_HZ)))
    return np.concatenate([before, clip, after])


def same(clip, _):
    return clip


def test_clips_of_speech_are_no_warning():
    found = checked(same, 1.0)
    assert all(check.ok for check in found.values())
    assert set(found) == {"dynamics of clips", "pauses of clips"}


@pytest.mark.parametrize("change", [noise, music])
def test_noise_alone_and_music_behind_a_voice_are_a_warning_from_a_tenth_of_the_clips_on(change):
    assert checked(change, 0.1)["dynamics of clips"].ok
    check = checked(change, 0.3)["dynamics of clips"]
    assert (check.ok, check.action) == (False, "warn")
    assert check.detail.startswith("the level of 9 of 30 clips varies by less than 10 dB (first: ")


def test_music_is_no_warning_where_nobody_speaks_and_noise_is():
    assert checked(music, 1.0, is_speech=False)["dynamics of clips"].ok
    check = checked(noise, 0.3, is_speech=False)["dynamics of clips"]
    assert "steady noise" in check.detail
    assert not check.ok


def test_long_pauses_around_what_is_said_are_a_warning():
    check = checked(pauses, 1.0)["pauses of clips"]
    assert (check.ok, check.action) == (False, "warn")
    assert check.detail.startswith("a clip has 2.9 s of silence at its ends, 59%")
    assert checked(pauses, 0.5)["pauses of clips"].ok


def hum(clip, _):
    seconds = np.arange(len(clip)) / RATE_HZ
    tones = np.sin(2 * np.pi * 180 * seconds) + np.sin(2 * np.pi * 300 * seconds)
    return clip + tones * np.sqrt(np.mean(clip**2)) / 3


def test_a_hum_under_all_clips_is_a_warning():
    check = checked(hum, 1.0)["dynamics of clips"]
    assert (check.ok, check.action) == (False, "warn")
    assert check.detail.startswith("the level of half of the clips varies by less than 1")
    assert "a hum" in check.detail
    assert checked(hum, 0.3)["dynamics of clips"].ok


def test_clips_of_digital_silence_or_of_a_few_frames_are_passed_over():
    clips = [np.zeros(RATE_HZ, np.int16), np.ones(100, np.int16), np.zeros(0, np.int16)]
    (check,) = dynamics_checks(recordings(clips), is_speech=True)
    assert (check.ok, check.detail) == (True, "not checked: the clips are too short")
