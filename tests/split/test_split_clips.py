import hashlib

import pytest
from attrs import evolve

from engine.errors import UserError
from engine.recipe.dataset import CorpusClips
from engine.split.columns import columns_of
from engine.split.split_clips import split_clips
from tests.split.made_clips import ANONYMOUS, LISTED, around, clip, ids, split, spoken


def test_official_lists_are_followed_and_the_test_list_is_used_for_nothing():
    result = split(LISTED)
    assert (ids(result.train), ids(result.evaluation), result.leaks) == (["a"], ["b"], None)


def test_no_speaker_is_in_both_sets():
    result = split(spoken(50))
    train = {one.speaker for one in result.train}
    held_out = {one.speaker for one in result.evaluation}
    assert not train & held_out
    assert len(train | held_out) == 50
    assert 3 <= len(held_out) <= 20
    assert result.leaks is None


def test_clips_stay_where_they_are_when_speakers_are_added():
    before, after = split(spoken(50)), split(spoken(80))
    assert set(ids(before.train)) < set(ids(after.train))
    assert set(ids(before.evaluation)) <= set(ids(after.evaluation))


def test_few_speakers_leave_at_least_one_for_evaluation():
    for number in (2, 3, 4):
        result = split(spoken(number), eval_share=0.01)
        assert len({one.speaker for one in result.evaluation}) == 1


def test_unknown_speakers_are_split_by_clip_and_the_split_says_that_it_may_leak():
    result = split(ANONYMOUS)
    assert len(result.train) + len(result.evaluation) == 500
    assert 60 < len(result.evaluation) < 140
    assert "Speakers are not known" in result.leaks


def test_one_clip_without_a_speaker_leaves_the_known_speakers_disjoint():
    result = split([*spoken(10, 20), clip("unknown")])
    train = {one.speaker for one in result.train} - {None}
    held_out = {one.speaker for one in result.evaluation} - {None}
    assert held_out
    assert not train & held_out
    assert "each recording taken as one of its own: 1" in result.how
    assert result.leaks.startswith("Clips without a speaker: 1. Their voices may be in training")


def test_known_speakers_stay_where_they_are_when_clips_without_one_are_added():
    before, after = split(spoken(10)), split([*spoken(10), *ANONYMOUS])
    assert set(ids(before.evaluation)) == {one.id for one in after.evaluation if one.speaker}
    assert set(ids(split(ANONYMOUS).evaluation)) == {
        one.id for one in after.evaluation if not one.speaker
    }


def test_a_random_split_counts_shared_speakers_and_clips_without_one():
    result = split([*spoken(10, 20), clip("unknown")], "random")
    assert "10 of the 10 speakers of the evaluation are in training too. Clips" in result.leaks


def test_a_split_by_clip_stays_when_clips_are_added():
    before, after = split(ANONYMOUS[::2]), split(ANONYMOUS)
    assert set(ids(before.evaluation)) < set(ids(after.evaluation))


def test_a_random_split_counts_the_speakers_it_shares():
    result = split(spoken(10, 20), "random")
    assert len(result.evaluation) == 40
    assert result.leaks == "10 of the 10 speakers of the evaluation are in training too."


def test_a_random_split_is_that_of_its_seed():
    first, again = split(ANONYMOUS, "random", seed=1), split(ANONYMOUS, "random", seed=1)
    other = split(ANONYMOUS, "random", seed=2)
    assert first == again
    assert ids(first.evaluation) != ids(other.evaluation)


def test_lists_that_share_a_speaker_are_reported():
    result = split([*LISTED, clip("d", speaker="y", listed="train")])
    assert result.leaks == "1 of the 1 speakers of the evaluation are in training too."


def test_numbers_keep_a_part_that_is_not_the_start_of_the_alphabet():
    result = split(ANONYMOUS, num_train=50, num_eval=10)
    assert (len(result.train), len(result.evaluation)) == (50, 10)
    everything = ids(split(ANONYMOUS).train)
    assert ids(result.train) != everything[:50]
    assert max(everything.index(name) for name in ids(result.train)) > 200


def test_a_smaller_number_keeps_a_part_of_what_a_larger_one_keeps():
    small, large = split(ANONYMOUS, num_train=50), split(ANONYMOUS, num_train=100)
    assert set(ids(small.train)) < set(ids(large.train))


@pytest.mark.parametrize("how", ["speaker_disjoint", "text_disjoint", "random"])
def test_both_sets_are_in_manifest_order(how):
    result = split(spoken(20), how)
    order = ids(spoken(20))
    for part in (result.train, result.evaluation):
        places = [order.index(name) for name in ids(part)]
        assert places == sorted(places)


@pytest.mark.parametrize(
    ("clips", "which"),
    [
        ([clip("a")], "evaluation"),
        (spoken(1), "evaluation"),
        ([clip("a", listed="train")], "evaluation"),
        ([clip("a", listed="eval")], "training"),
        ([], "training"),
    ],
)
def test_an_empty_set_is_an_error_that_says_what_to_do(clips, which):
    with pytest.raises(UserError, match=rf"no {which} clips.*dataset.split = 'random'"):
        split(clips)


def test_a_share_of_everything_leaves_nothing_to_train():
    with pytest.raises(UserError, match="no training clips"):
        split(ANONYMOUS, eval_share=1.0)


def test_a_clip_with_the_audio_of_an_evaluation_clip_is_not_trained_on():
    clips = [clip(f"{number:04d}") for number in range(20)]
    held_out = split(clips).evaluation[0]
    copies = [clip("zzz/copy", sha256=held_out.sha256), *clips]
    result = split_clips(columns_of(copies), CorpusClips(corpus="words"), 1)
    assert 0 not in result.train
    assert "1 that share audio with an evaluation clip are not learned from" in result.how


def test_around_given_clips_everything_else_is_trained_on():
    result = around(ANONYMOUS, {"0003", "0100"})
    assert ids(result.evaluation) == ["0003", "0100"]
    assert len(result.train) == 498


def test_around_given_clips_their_voices_are_not_trained_on():
    result = around(spoken(4), {"1/0", "2/3"})
    assert {one.speaker for one in result.train} == {"s0", "s3"}
    assert result.leaks is None


def test_around_clips_of_every_voice_everything_else_is_trained_on_and_said_to_leak():
    result = around(spoken(1), {"0/0", "0/3"})
    assert ids(result.train) == ["0/1", "0/2", "0/4"]
    assert "1 of the 1 speakers of the evaluation are in training too" in result.leaks


def test_around_given_clips_the_test_list_is_still_used_for_nothing():
    result = around([*LISTED, clip("d", listed="eval")], {"b"})
    assert (ids(result.train), ids(result.evaluation)) == (["a"], ["b"])


def segments(num_recordings, clips_each=10, **facts):
    """Clips of a second each, one behind another in their recordings."""
    return [
        clip(
            f"r{recording}/{number}",
            path=f"r{recording}.wav",
            file_sha256=hashlib.sha256(f"file {recording}".encode()).hexdigest(),
            start_seconds=float(number),
            **facts,
        )
        for recording in range(num_recordings)
        for number in range(clips_each)
    ]


def recordings(clips):
    return {one.path for one in clips}


@pytest.mark.parametrize("how", ["speaker_disjoint", "text_disjoint", "random"])
def test_recordings_are_held_out_whole(how):
    result = split(segments(20), how)
    assert 1 <= len(recordings(result.evaluation)) <= 10
    assert not recordings(result.train) & recordings(result.evaluation)
    assert "recording" in result.how


def test_a_recording_stays_where_it_is_when_it_is_cut_otherwise():
    before, after = split(segments(20)), split(segments(20, 23))
    assert recordings(before.evaluation) == recordings(after.evaluation)


@pytest.mark.parametrize("how", ["speaker_disjoint", "text_disjoint", "random"])
def test_of_a_single_recording_parts_are_held_out_and_said_to_leak(how):
    result = split(segments(1, 100), how)
    assert 5 < len(result.evaluation) < 40
    assert "1 of the 1 recordings of the evaluation are in training too" in result.leaks


def test_around_given_clips_the_rest_of_their_recordings_is_not_trained_on():
    result = around(segments(4), {"r1/3", "r2/0"})
    assert recordings(result.train) == {"r0.wav", "r3.wav"}


def test_audio_that_overlaps_an_evaluation_clip_is_not_trained_on():
    clips = segments(1, 5)
    clips.append(evolve(clips[0], id="long", sha256="ab" * 32, start_seconds=2.5))
    result = around(clips, {"r0/3"})
    assert ids(result.train) == ["r0/0", "r0/1", "r0/2", "r0/4"]
    assert "1 that share audio with an evaluation clip are not learned from" in result.how


def test_disjoint_parts_of_one_recording_may_be_on_different_lists():
    head, tail = segments(1, 2)
    result = split([evolve(head, listed="train"), evolve(tail, listed="eval")])
    assert (ids(result.train), ids(result.evaluation)) == ([head.id], [tail.id])
    assert "1 of the 1 recordings of the evaluation are in training too" in result.leaks


def test_clips_on_no_list_are_trained_on_unless_another_list_has_their_voice_or_recording():
    more = [
        clip("new", speaker="w"),
        clip("voice of eval", speaker="y"),
        clip("voice of test", speaker="z"),
        clip("part of test", path="c.wav"),
        clip("voice of train", speaker="x"),
        clip("unknown"),
    ]
    result = split([*LISTED, *more])
    assert ids(result.train) == ["a", "new", "voice of train", "unknown"]
    assert ids(result.evaluation) == ["b"]
    assert "of the 6 clips on no list 3 are learned from" in result.how


def test_lists_without_one_for_evaluation_split_the_training_list():
    clips = [evolve(one, listed="train") for one in spoken(10)]
    tested = [evolve(one, listed="test", id=f"t{one.id}") for one in spoken(30)[50:]]
    result = split([*clips, *tested])
    assert {one.listed for one in (*result.train, *result.evaluation)} == {"train"}
    assert len(result.train) + len(result.evaluation) == len(clips)
    assert "evaluation, which has no list, is of the rest: speaker" in result.how
    assert result.leaks is None


def test_a_million_clips_are_columns_not_objects():
    sample = columns_of(spoken(100, 10))
    arrays = (
        sample.digests,
        sample.spans,
        sample.places,
        sample.turns,
        sample.speakers,
        sample.listed,
    )
    assert sum(array.nbytes for array in arrays) / len(sample) <= 100
