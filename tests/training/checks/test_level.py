"""Recordings that stand at full scale, and levels that are far apart."""

import numpy as np

from engine.training.checks.level import level_check, loudness_check
from engine.training.system import Recorded, TrainingAudio


def checked(gain, share):
    loud = np.sin(np.arange(8_000) * 0.1) * 10_000

    def samples(place):
        clip = loud * (gain if place < share * 20 else 1.0)
        return np.clip(clip, -32768, 32767).astype(np.int16)

    return level_check([range(20)], TrainingAudio(samples, 8_000))


def test_a_few_clipped_clips_are_no_warning_and_half_of_them_are():
    assert checked(30.0, 0.2).ok
    check = checked(30.0, 0.5)
    assert (check.ok, check.action) == (False, "warn")
    assert "10 of 20 clips are clipped" in check.detail
    assert checked(3.0, 0.5).ok


def test_a_tone_at_full_scale_is_not_clipped():
    assert checked(3.2767, 1.0).ok


def loudness(levels):
    def samples(place):
        tone = np.sin(np.arange(4_000) * 0.1) * 20_000 * 10 ** (levels[place] / 20)
        return tone.astype(np.int16)

    audio = TrainingAudio(samples, 8_000, lambda at: Recorded(str(at), "", 8_000), len(levels))
    return loudness_check(audio)


def test_levels_of_two_sessions_that_are_far_apart_are_a_warning():
    check = loudness([0.0, -30.0] * 20)
    assert (check.ok, check.action) == (False, "warn")
    assert check.detail.startswith("a quarter of the clips is 30 dB louder than another quarter")


def test_levels_as_different_speakers_have_them_are_no_warning():
    assert loudness(np.linspace(-24.0, 0.0, 40)).ok
    assert loudness([0.0] * 36 + [-40.0] * 4).ok
    assert loudness([-200.0]).detail == "not checked: no clip has a sound"
