"""Speakers in the table that are those of other clips."""

import numpy as np
import pytest

from engine.training.checks.voices import voices_check
from tests.training.checks.voiced import permuted, recordings, spoken

NUM_VOICES, CLIPS_EACH = 5, 12
SPEAKERS = [f"voice_{number % NUM_VOICES}" for number in range(NUM_VOICES * CLIPS_EACH)]


@pytest.fixture(scope="module")
def clips():
    random = np.random.default_rng(1)
    return [spoken(number % NUM_VOICES, random) for number in range(len(SPEAKERS))]


def test_speakers_of_their_own_clips_pass(clips):
    check = voices_check(recordings(clips, SPEAKERS))
    assert check.ok
    assert check.detail == "0 of 60 clips sound like another speaker of the corpus"


def test_a_third_of_the_speakers_beside_other_clips_is_a_warning_that_names_clips(clips):
    speakers = permuted(SPEAKERS, 0.35)
    check = voices_check(recordings(clips, speakers))
    assert (check.ok, check.action) == (False, "warn")
    wrong = [place for place, own in enumerate(SPEAKERS) if speakers[place] != own]
    assert any(f"first: clip_{place} ({speakers[place]})" in check.detail for place in wrong)
    assert "the speakers in the table seem to be those of other clips" in check.detail


def test_speakers_that_are_drawn_by_lot_sound_no_more_alike_than_by_chance(clips):
    check = voices_check(recordings(clips, permuted(SPEAKERS, 1.0)))
    assert not check.ok
    assert check.detail.startswith("clips of one speaker sound no more alike than clips of")


@pytest.mark.parametrize(
    "speakers", [["anna"] * 60, [""] * 60, [f"only_{number}" for number in range(60)]]
)
def test_one_speaker_unknown_ones_and_ones_of_a_single_clip_are_not_checked(clips, speakers):
    check = voices_check(recordings(clips, speakers))
    assert check.ok
    assert check.detail.startswith("not checked: fewer than 24 clips are of two speakers or more")


def test_silent_clips_and_clips_of_a_few_samples_are_passed_over(clips):
    broken = [np.zeros(16_000, np.int16) if place % 2 else clip for place, clip in enumerate(clips)]
    broken[0] = broken[0][:50]
    assert voices_check(recordings(broken, SPEAKERS)).ok
