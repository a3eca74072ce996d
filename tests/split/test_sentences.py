"""Splits by what is said: no sentence is in both sets, in whichever voice and however written."""

import numpy as np
import pytest

from engine.recipe.dataset import CorpusClips
from engine.split.columns import columns_of
from engine.split.split_clips import split_around
from tests.split.made_clips import clip, ids, looked_up, split


def read_aloud(num_sentences, voices=("a", "b")):
    """Every sentence by every voice, written a little differently."""
    return [
        clip(f"{voice}{n}", speaker=voice, text=f"Sentence  number {n}".upper() if n % 2 else
             f"sentence number {n}")
        for voice in voices
        for n in range(num_sentences)
    ]  # fmt: skip


def test_by_transcript_no_sentence_is_in_both_sets_and_voices_are():
    result = split(read_aloud(40), "text_disjoint", eval_share=0.25)
    sentences = [
        {one.text.casefold() for one in part} for part in (result.train, result.evaluation)
    ]
    assert not sentences[0] & sentences[1]
    assert len(result.train) + len(result.evaluation) == 80
    assert 10 <= len(result.evaluation) <= 30
    assert len(result.evaluation) == 2 * len(sentences[1])
    assert result.how == "transcript, about 25% held out by SHA-1 of their words"
    assert "2 of the 2 speakers of the evaluation are in training too" in result.leaks


def test_by_transcript_clips_stay_where_they_are_when_others_are_added():
    few = split(read_aloud(20), "text_disjoint")
    many = split(read_aloud(40), "text_disjoint")
    assert set(ids(few.evaluation)) <= set(ids(many.evaluation))


def test_by_transcript_clips_without_one_are_counted():
    result = split([*read_aloud(20), clip("silent")], "text_disjoint")
    assert "clips without one, held out by recording: 1" in result.how


def test_around_given_clips_no_sentence_of_theirs_is_learned_from():
    clips = read_aloud(10)
    rule = CorpusClips(corpus="words", split="text_disjoint")
    found = looked_up(split_around(columns_of(clips), np.array([0, 3]), rule, "given"), clips)
    assert {"b0", "b3"}.isdisjoint(ids(found.train))
    assert len(found.train) == 16


SAID = ["Jó napot kívánok", "Miben segíthetek", "Sajnos nem", "Máris kapcsolom"] + [
    f"Ez a {number}. mondat" for number in range(40)
]


@pytest.mark.parametrize("form", ["{}", "„{}.”", "{}!", "{} ...", " - {}?"])
def test_a_sentence_that_one_speaker_writes_otherwise_is_held_out_of_both(form):
    clips = [clip(f"a{i}", speaker="anna", text=f"{text}.") for i, text in enumerate(SAID)]
    clips += [
        clip(f"b{i}", speaker="béla", text=form.format(text.upper())) for i, text in enumerate(SAID)
    ]
    result = split(clips, "text_disjoint", eval_share=0.3)
    held_out = {one.id[1:] for one in result.evaluation}
    assert held_out
    assert not held_out & {one.id[1:] for one in result.train}
    assert "sentences" not in result.leaks


def test_a_sentence_that_is_learned_from_is_a_leak_whatever_marks_it_has():
    clips = [
        clip("a", speaker="x", listed="train", text="Jó napot."),
        clip("b", speaker="y", listed="eval", text="„Jó napot!”"),
        clip("c", speaker="y", listed="eval", text="Viszlát."),
    ]
    assert split(clips).leaks == "1 of the 2 sentences of the evaluation are in training too."


def test_a_text_of_marks_alone_is_a_sentence_of_its_own():
    clips = [clip(f"{i:03d}", path=f"long{i % 2}.wav", text="...") for i in range(100)]
    result = split(clips, "text_disjoint")
    assert 5 < len(result.evaluation) < 40
    assert "sentences" not in result.leaks
