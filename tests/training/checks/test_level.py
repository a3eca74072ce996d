"""Recordings that stand at full scale."""

import numpy as np

from engine.training.checks.level import level_check
from engine.training.system import TrainingAudio


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
