"""Peaks that wrap around, and gaps of zeros."""

import numpy as np
import pytest
from scipy.signal import resample_poly

from engine.training.checks.damage import damage_checks
from tests.training.checks.voiced import RATE_HZ, recordings, spoken

CLIPS = 40


def checked(change, share):
    random = np.random.default_rng(0)
    clips = [spoken(number % 4, random, seconds=1.0) for number in range(CLIPS)]
    damaged = [change(clip) for clip in clips[: round(share * CLIPS)]]
    return {one.name: one for one in damage_checks(recordings([*damaged, *clips[len(damaged) :]]))}


def wrapped(clip):
    peak = np.abs(clip.astype(np.int64)).max()
    return np.round(clip / peak * 1.25 * 32_768).astype(np.int32).astype(np.int16)


def dropped(clip):
    clip = clip.copy()
    clip[RATE_HZ // 2 :][: RATE_HZ // 20] = 0
    return clip


def dropped_and_resampled(clip):
    """The gap has the ringing of two filters at its ends."""
    return resample_poly(resample_poly(dropped(clip), 3, 4), 4, 3).astype(np.int16)


def gated(clip):
    """Digital silence between words, to which a gate fades slowly, and at both ends."""
    fade = np.clip(np.abs(np.linspace(-2, 2, len(clip))) - 0.5, 0, 1)
    return np.pad((clip * fade).astype(np.int16), RATE_HZ // 4)


def limited(clip):
    return np.clip(clip.astype(np.int32) * 9, -32_768, 32_767).astype(np.int16)


def test_recordings_gates_and_limiters_are_no_damage():
    for change in (np.copy, gated, limited, np.zeros_like):
        found = checked(change, 1.0)
        assert set(found) == {"peaks of clips", "gaps in clips"}
        assert all(check.ok for check in found.values())


@pytest.mark.parametrize(
    ("change", "name", "said"),
    [
        (wrapped, "peaks of clips", "samples were written beyond 16 bits and wrapped around"),
        (dropped, "gaps in clips", "dropped out"),
        (dropped_and_resampled, "gaps in clips", "dropped out"),
    ],
)
def test_damage_in_more_than_a_tenth_of_the_clips_is_a_warning(change, name, said):
    assert checked(change, 0.1)[name].ok
    check = checked(change, 0.3)[name]
    assert (check.ok, check.action) == (False, "warn")
    assert check.detail.startswith("12 of 40 clips have ")
    assert said in check.detail


def test_an_empty_clip_has_no_damage():
    assert all(check.ok for check in damage_checks(recordings([np.zeros(0, np.int16)])))
