"""Why clips are left out: each reason with what was found, and nothing without one."""

from typing import get_args

import numpy as np
import pytest
from attrs import evolve

from engine.corpus import Corpus
from engine.errors import UserError
from engine.systems.codec_lm.data.clip_tables import left_out_table, used_table
from engine.systems.codec_lm.data.eligible import eligible_clips
from engine.systems.codec_lm.data.reasons import WAY_OUT, Reason
from engine.systems.codec_lm.data.utterances import load_assets
from tests.systems.codec_lm.voices_project import (
    CPU,
    FRAMES_PER_SECOND,
    RATE,
    features_at,
    narrower,
)


@pytest.fixture
def sort(voices_project, make_recipe):
    """sort({id: {field: value}}, dataset={...}): the clips of the corpus, some of them changed."""

    def run(changed=(), *, max_positions=2048, **settings):
        recipe = narrower(make_recipe(**settings), max_positions)
        corpus = Corpus.open(voices_project.corpus("voices"))
        assets = load_assets(voices_project, features_at(voices_project, recipe), CPU)
        changes = dict(changed)
        clips = [evolve(one, **changes.get(one.id, {})) for one in corpus.manifest.clips]
        frames = np.array([-(-round(one.seconds * RATE) // 320) for one in clips])
        return eligible_clips(clips, frames, recipe.dataset, assets)

    return run


def left_out(found):
    return {one.id: (one.reason, one.detail) for one in found.left_out}


ALONE = {"imre_0": ("only clip of its speaker", "in the corpus")}


def test_a_speakers_only_clip_has_no_reference_and_is_named(sort):
    found = sort()
    assert left_out(found) == ALONE
    assert len(found.rows) == len(found.texts) == 25
    assert found.notes == ["Left out, only clip of its speaker: 1, first imre_0 (in the corpus)."]


@pytest.mark.parametrize(
    ("field", "value", "reason", "detail"),
    [
        ("speaker", None, "speaker unknown", ""),
        ("text", None, "transcript missing", ""),
        ("text", " \n ", "transcript missing", ""),
        ("num_frames", 800, "too short", "0.1 s, at least 0.5"),
        ("num_frames", 168_000, "too long", "21 s, at most 20"),
        ("silent_share", 1.0, "silent", "the whole clip lies below -50 dBFS"),
        (
            *("text", "done<|eot_id|>", "text not in the tokenizer"),
            "it has the tokenizer's own mark <|eot_id|>",
        ),
        (
            *("text", "half \ud83d", "text not in the tokenizer"),
            "it has \\ud83d, which is not a character of a text",
        ),
        (
            *("text", "bell \x07", "text not in the tokenizer"),
            "it has \\x07, which is not a character of a text",
        ),
    ],
)
def test_each_reason_with_what_was_found(sort, field, value, reason, detail):
    found = sort({"anna_1": {field: value}})
    assert left_out(found) == ALONE | {"anna_1": (reason, detail)}
    assert len(found.rows) == 24


def test_clips_recorded_at_a_lower_rate_are_used_left_out_or_refused(sort):
    low = {"anna_1": {"sample_rate_hz": 4_000, "num_frames": 4_000}}
    assert left_out(sort(low)) == ALONE
    found = sort(low, dataset={"upsampling": "leave_out"})
    assert left_out(found)["anna_1"] == ("recorded lower", "4,000 Hz, at least 8,000")
    with pytest.raises(UserError, match=r"1 of the 26 clips .* were recorded below"):
        sort(low, dataset={"upsampling": "refuse"})


def test_two_clips_of_the_same_audio_are_no_references_of_each_other(sort):
    same = {f"anna_{n}": {"sha256": "ab" * 32} for n in range(5)}
    reasons = left_out(sort(same))
    assert {reasons[f"anna_{n}"][0] for n in range(5)} == {"only clip of its speaker"}


def test_a_clip_that_fits_with_no_reference_is_named_with_the_positions_that_are_left(sort):
    long = {"anna_1": {"num_frames": 11 * RATE}}
    found = sort(long, max_positions=350)
    reason, detail = left_out(found)["anna_1"]
    assert reason == "no reference fits"
    alone = sort(long).candidates
    place = int(np.argmax(alone.costs))
    assert detail == f"{350 - 2048 + alone.room[place]} positions are left for one of the corpus"
    assert set(left_out(found)) == {"imre_0", "anna_1"}, "others of the speaker have each other"


def test_a_clip_longer_than_the_window_by_itself_is_named_so(sort):
    found = sort({"anna_1": {"num_frames": 16 * RATE}}, max_positions=350)
    reason, detail = left_out(found)["anna_1"]
    assert reason == "no reference fits"
    assert detail.endswith("positions too long by itself")


def test_a_clip_that_only_longer_ones_could_be_a_reference_of_is_left_out(sort):
    long = {f"anna_{n}": {"num_frames": 3 * RATE} for n in range(4)}
    found = sort(long, dataset={"max_reference_seconds": 2.0})
    reasons = {name: reason for name, (reason, _) in left_out(found).items()}
    assert reasons["anna_4"] == "no reference fits", "its speaker's others are no references"
    detail = left_out(found)["anna_4"][1]
    assert "other clips of its speaker are longer than dataset.max_reference_seconds" in detail
    assert {reasons[f"anna_{n}"] for n in range(4)} == {"no reference fits"}, "and it is gone"


def test_where_nothing_is_left_all_reasons_are_said(sort):
    with pytest.raises(UserError, match=r"None of the 26 clips .*too long: 26, first"):
        sort(dataset={"min_seconds": 0.1, "max_seconds": 0.2})


def test_each_reason_has_a_way_out():
    assert set(WAY_OUT) == set(get_args(Reason))


def test_tables_name_every_clip_of_the_corpus_once(make_utterances):
    utterances = make_utterances(dataset={"num_train_clips": 12})
    used, others = used_table(utterances), left_out_table(utterances)
    names = [row[0] for table in (used, others) for row in table.rows]
    corpus = utterances.data.corpus.manifest.clips
    assert sorted(names) == sorted(one.id for one in corpus)
    reasons = {row[0]: row[1] for row in others.rows}
    assert reasons["imre_0"] == "only clip of its speaker"
    assert list(reasons.values()).count("not chosen") == 15 - 12
    for row in used.rows:
        cells = dict(zip(used.titles, row, strict=True))
        assert 0 <= int(cells["frames"]) - FRAMES_PER_SECOND * float(cells["seconds"]) < 1.1
        assert cells["reference"].startswith(
            "one of " if cells["used_for"] == "training" else cells["speaker"]
        )
