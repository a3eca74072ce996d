"""Transcripts of other clips: their lengths do not fit."""

import numpy as np
import pytest
import torch

from engine.training.checks.clips import Drawn
from engine.training.checks.transcripts import transcripts_checks

NUMBER = 256


def drawn(text, audio):
    pairs = [
        (torch.tensor(text[at : at + 8]), torch.tensor(audio[at : at + 8]))
        for at in range(0, NUMBER, 8)
    ]
    ids = [[f"clip{at + row}" for row in range(8)] for at in range(0, NUMBER, 8)]
    return Drawn([{"text": t, "audio": a} for t, a in pairs], ids, ids)


def corpus(seed, spread=0.12):
    """Clips of 1 to 10 seconds, 14 characters a second, more or less."""
    random = np.random.default_rng(seed)
    seconds = np.exp(random.uniform(0, np.log(10), NUMBER))
    text = np.round(seconds * 14 * np.exp(random.normal(0, spread, NUMBER))).astype(int)
    return text.tolist(), np.round(seconds * 25).astype(int).tolist()


def checked(text, audio):
    """The checks of a corpus by name."""
    found = transcripts_checks(drawn(text, audio), lambda b: (b["text"], b["audio"]))
    return {check.name: check for check in found}


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("spread", [0.02, 0.12, 0.25])
def test_a_corpus_within_its_own_band_passes(seed, spread):
    assert all(check.ok for check in checked(*corpus(seed, spread)).values())


@pytest.mark.parametrize("seed", range(10))
def test_a_third_of_permuted_transcripts_is_a_warning(seed):
    text, audio = corpus(seed)
    chosen = np.random.default_rng(seed).permutation(NUMBER)[: NUMBER * 3 // 10]
    for place, other in zip(chosen, np.roll(chosen, 1), strict=True):
        text[place] = corpus(seed)[0][other]
    check = checked(text, audio)["length of transcripts"]
    assert (check.ok, check.action) == (False, "warn")
    assert "transcripts seem to be those of other clips" in check.detail


def test_clips_without_transcripts_decide_nothing():
    (check,) = checked([0] * NUMBER, [100] * NUMBER).values()
    assert "not checked" in check.detail


@pytest.mark.parametrize("seed", range(5))
def test_texts_of_one_word_do_not_grow_with_their_audio(seed):
    random = np.random.default_rng(seed)
    text, audio = corpus(seed)
    words = random.integers(2, 9, len(text)).tolist()
    assert not checked(words, audio)["text grows with audio"].ok
    assert checked(text, audio)["text grows with audio"].ok


def test_texts_of_clips_of_one_length_need_not_grow():
    check = checked([*range(1, NUMBER + 1)], [100] * NUMBER)["text grows with audio"]
    assert check.ok
    assert "not checked" in check.detail
