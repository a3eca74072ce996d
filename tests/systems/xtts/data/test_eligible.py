"""Which clips can be spoken: each reason, with the names of those that it leaves out."""

from typing import get_args

import pytest
from attrs import evolve

from engine.corpus.table.manifest import Clip
from engine.errors import UserError
from engine.systems.xtts.data.assets import scratch_vocabulary
from engine.systems.xtts.data.eligible import WAY_OUT, LeftOut, Reason, eligible_clips
from engine.systems.xtts.recipe import Dataset, Scratch
from engine.systems.xtts.text.tokenizer import Tokenizer
from engine.systems.xtts.text.vocabulary import character_vocabulary

HUNGARIAN = Tokenizer.read(character_vocabulary(["árvíztűrő tükörfúrógép", "jó napot"], ["hu"]))
DATASET = Dataset(corpus="speech", languages=("hu",), min_seconds=0.5, max_seconds=10.0)
RATE = 16_000


def clip(name, *, text="jó napot", language="hu", seconds=2.0):
    return Clip(
        id=name,
        path=f"{name}.wav",
        sha256="0" * 64,
        num_frames=round(seconds * RATE),
        sample_rate_hz=RATE,
        num_channels=1,
        peak=0.5,
        rms_dbfs=-20.0,
        text=text,
        language=language,
    )


GOOD = clip("good")


@pytest.mark.parametrize(
    ("bad", "reason", "detail"),
    [
        (clip("bad", seconds=10.01), "too long", "10.01 s, at most 10"),
        (clip("bad", seconds=0.49), "too short", "0.49 s, at least 0.5"),
        (clip("bad", text=None), "transcript missing", ""),
        (clip("bad", text=" \n"), "transcript missing", ""),
        (clip("bad", text="jó xnapot w"), "alphabet unknown", "x w"),
        (clip("bad", text="jó నపొట"), "alphabet unknown", "న ప ొ ట"),
        (clip("bad", text="jó [hu] napot"), "alphabet unknown", "[hu]"),
        (clip("bad", text='""'), "unspeakable", "There is nothing to speak in the text '\"\"'."),
        (clip("bad", language="en"), "other language", "en"),
        (clip("bad", language=None), "language unknown", ""),
        (clip("bad", text="napot " * 40), "too many tokens", "240 tokens, at most 200"),
    ],
)
def test_a_clip_that_cannot_be_used_is_left_out_by_name_with_the_reason(bad, reason, detail):
    found = eligible_clips([bad, GOOD], DATASET, HUNGARIAN)
    assert found.rows.tolist() == [1]
    assert [tokens.tolist() for tokens in found.tokens] == [HUNGARIAN.encode("jó napot", "hu")]
    assert found.left_out == [LeftOut(0, "bad", reason, detail)]
    assert found.counts == {reason: 1}
    assert found.notes == [f"Left out, {reason}: 1, first bad{f' ({detail})' if detail else ''}."]


def test_a_clip_recorded_at_a_lower_rate_is_used_left_out_or_refused_as_the_table_says():
    low, full = clip("low"), evolve(GOOD, sample_rate_hz=22_050)
    assert eligible_clips([low, full], DATASET, HUNGARIAN).rows.tolist() == [0, 1]
    without = eligible_clips([low, full], evolve(DATASET, upsampling="leave_out"), HUNGARIAN)
    assert without.left_out == [LeftOut(0, "low", "recorded lower", "16,000 Hz, at least 22,050")]
    with pytest.raises(UserError, match="1 of the 2 clips of corpus 'speech' were recorded below"):
        eligible_clips([low, full], evolve(DATASET, upsampling="refuse"), HUNGARIAN)


def test_numbers_that_can_be_read_in_two_ways_are_left_out():
    found = eligible_clips([clip("phone", text="06 30 123 4567"), GOOD], DATASET, HUNGARIAN)
    assert found.counts == {"unspeakable": 1}
    assert "06 30 123 4567" in found.notes[0]


def test_every_reason_has_a_way_out():
    assert set(WAY_OUT) == set(get_args(Reason))


def test_of_many_unknown_characters_the_first_are_shown():
    many = clip("bad", text="".join(map(chr, range(0x0C05, 0x0C39))))
    (left_out,) = eligible_clips([many, GOOD], DATASET, HUNGARIAN).left_out
    assert left_out.detail.startswith("అ ఆ ఇ")
    assert left_out.detail.endswith(", and more")
    assert len(left_out.detail.split(" ")) == 20 + 2


def test_the_limits_themselves_are_allowed():
    tokens = len(HUNGARIAN.encode("jó napot", "hu"))
    limits = evolve(DATASET, min_seconds=2.0, max_seconds=2.0, max_text_tokens=tokens)
    assert eligible_clips([GOOD], limits, HUNGARIAN).left_out == []
    less = evolve(limits, max_text_tokens=tokens - 1)
    with pytest.raises(
        UserError,
        match=rf"too many tokens: 1, first good \({tokens} tokens, at most {tokens - 1}\)",
    ):
        eligible_clips([GOOD], less, HUNGARIAN)


def test_clips_that_name_no_language_have_that_of_the_table():
    unnamed = clip("unnamed", language=None)
    found = eligible_clips([unnamed], evolve(DATASET, language="hu"), HUNGARIAN)
    assert found.tokens[0].tolist() == HUNGARIAN.encode("jó napot", "hu")


def test_a_transcript_that_cannot_be_spoken_is_left_out_and_its_letters_are_in_no_vocabulary():
    """Nobody puts numbers into words in Hindi: one such clip must not stop the others."""
    spoken = [("कमरा 12", "hi"), ("नमस्ते", "hi")]
    clips = [clip(name, text=spoken[row][0], language="hi") for row, name in enumerate("ab")]
    hindi = scratch_vocabulary(Scratch(), spoken, ["hi"]).tokenizer
    found = eligible_clips(clips, evolve(DATASET, languages=("hi",)), hindi)
    (left_out,) = found.left_out
    assert (found.rows.tolist(), left_out.id) == ([1], "a")
    assert left_out.reason == "unspeakable"
    assert "'hi'" in left_out.detail
    assert hindi.unknown("कमरा", "hi") != []
    assert hindi.unknown("नमस्ते", "hi") == []


def test_names_come_by_reason_and_the_first_three_are_said_with_controls_made_visible():
    bad = [clip(f"b{number}\n", seconds=0.1) for number in range(4)] + [clip("c", text=None)]
    found = eligible_clips([GOOD, *bad], DATASET, HUNGARIAN)
    assert found.counts == {"too short": 4, "transcript missing": 1}
    shown = [rf"b{number}\n (0.1 s, at least 0.5)" for number in range(3)]
    assert found.notes[0] == f"Left out, too short: 4, first {', '.join(shown)}."


def test_nothing_left_is_an_error_that_says_why_each_was_left_out():
    with pytest.raises(UserError) as caught:
        eligible_clips([clip("long", seconds=20.0), clip("mute", text="")], DATASET, HUNGARIAN)
    said = str(caught.value)
    assert said.startswith("None of the 2 clips of corpus 'speech' can be used.")
    assert "too long: 1, first long (20 s, at most 10)." in said
    assert "transcript missing: 1, first mute." in said


def test_a_language_without_a_token_is_refused_whatever_clips_there_are_with_the_way_out():
    telugu = evolve(DATASET, languages=("hu", "te"))
    with pytest.raises(UserError) as caught:
        eligible_clips([GOOD], telugu, HUNGARIAN)
    said = str(caught.value)
    assert "no token for the language 'te'; it has hu." in said
    assert "dataset.languages" in said
    assert "train from scratch" in said
