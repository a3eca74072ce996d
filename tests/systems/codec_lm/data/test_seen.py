import numpy as np

from engine.systems.codec_lm.data.references import Candidates, Window
from engine.systems.codec_lm.data.seen import seen_places

WIDE = Window(max_positions=100, max_reference_frames=100)


def candidates(speakers, lengths=None, digests=None, window=WIDE):
    number = len(speakers)
    return Candidates.of(
        speakers,
        digests or [bytes([7 * place % 251]) for place in range(number)],
        np.full(number, 1),
        np.array(lengths or [10] * number),
        window,
        0,
    )


def test_two_clips_of_a_speaker_are_held_out_and_each_clip_that_is_left_has_a_reference():
    clips = candidates(["a"] * 4 + ["b"] * 5)
    places = seen_places(clips, 4)
    speakers = [clips.speakers[place] for place in places.tolist()]
    assert sorted(speakers) == ["a", "a", "b", "b"]
    assert places.tolist() == sorted(places.tolist())


def test_a_speaker_of_three_clips_keeps_them_all():
    assert seen_places(candidates(["a"] * 3), 4).tolist() == []


def test_no_more_are_held_out_than_are_asked_for_and_none_alone():
    clips = candidates(["a"] * 6 + ["b"] * 6)
    assert len(seen_places(clips, 3)) == 2
    assert len(seen_places(clips, 1)) == len(seen_places(clips, 0)) == 0


def test_which_they_are_follows_from_their_audio_whatever_their_order():
    clips = candidates(["a"] * 5 + ["b"] * 5)
    turned = clips.only(np.arange(10)[::-1])
    held, again = (
        {one.digests[place] for place in seen_places(one, 2).tolist()} for one in (clips, turned)
    )
    assert held == again


def test_a_clip_whose_audio_is_trained_on_in_another_clip_is_not_held_out():
    digests = [bytes([place]) for place in (0, 0, 1, 2, 3, 4)]
    clips = candidates(["a"] * 6, digests=digests)
    assert {digests[place] for place in seen_places(clips, 2).tolist()} == {b"\1", b"\2"}


def test_a_pair_that_does_not_fit_the_model_together_is_passed_over():
    clips = candidates(
        ["a"] * 5 + ["b"] * 5,
        lengths=[60, 60, 9, 9, 9, *[10] * 5],
        digests=[*map(bytes, zip(range(10)))],
        window=Window(max_positions=75, max_reference_frames=100),
    )
    assert {clips.speakers[place] for place in seen_places(clips, 4).tolist()} == {"b"}
