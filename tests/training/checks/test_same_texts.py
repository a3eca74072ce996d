"""Transcripts of other clips, where clips share their transcripts."""

import numpy as np
import pytest

from engine.training.checks.same_texts import same_texts_check
from engine.training.system import Recorded, TrainingAudio
from tests.made_sounds import syllables
from tests.training.checks.voiced import permuted

NUM_TEXTS, CLIPS_EACH, RATE_HZ = 8, 6, 16_000
TEXTS = [f"Prompt {number % NUM_TEXTS}." for number in range(NUM_TEXTS * CLIPS_EACH)]


def audio(texts, clips):
    def recorded(place):
        return Recorded(f"clip_{place}", "", RATE_HZ, texts[place])

    return TrainingAudio(clips.__getitem__, RATE_HZ, recorded, len(clips))


@pytest.fixture(scope="module")
def clips():
    """Each prompt a sound of its own, with other noise and another level in every clip."""
    random = np.random.default_rng(3)
    made = []
    for number in range(len(TEXTS)):
        sound = syllables(number % NUM_TEXTS, 1.0)
        noisy = sound + 0.02 * np.abs(sound).max() * random.standard_normal(len(sound))
        made.append((noisy / np.abs(noisy).max() * random.uniform(3_000, 20_000)).astype(np.int16))
    return made


def test_transcripts_of_their_own_clips_pass_however_they_are_written(clips):
    texts = [text.upper() if number % 2 else text for number, text in enumerate(TEXTS)]
    check = same_texts_check(audio(texts, clips))
    assert check.ok
    assert check.detail.startswith("0 of 48 clips sound no more like clips of their transcript")


def test_transcripts_that_stand_beside_other_clips_are_a_warning_that_names_clips(clips):
    texts = permuted(TEXTS, 1.0)
    check = same_texts_check(audio(texts, clips))
    assert (check.ok, check.action) == (False, "warn")
    wrong = [place for place, own in enumerate(TEXTS) if texts[place] != own]
    assert any(f"clip_{place} ({texts[place]})" in check.detail for place in wrong)
    assert check.detail.endswith("their transcripts seem to be those of other clips")


def test_texts_that_are_there_once_or_that_are_all_the_same_are_not_checked(clips):
    assert same_texts_check(audio([f"Text {number}" for number in range(48)], clips)) is None
    assert same_texts_check(audio(["Hello"] * 48, clips)) is None
    assert same_texts_check(audio([""] * 48, clips)) is None


def test_silent_clips_are_passed_over(clips):
    silent = [
        np.zeros(RATE_HZ, np.int16) if place < 12 else clip for place, clip in enumerate(clips)
    ]
    assert same_texts_check(audio(TEXTS, silent)).detail.startswith("0 of 36 clips")
