"""Which clips may be the reference of which: same speaker, other audio, and both fit."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.systems.codec_lm.data.references import (
    Candidates,
    References,
    Window,
    nearest_of_others,
    with_references,
)

WINDOW = Window(max_positions=100, max_reference_frames=40)
OF_THE_CHAT = 10


def candidates(speakers, frames, audio=None, window=WINDOW):
    """Clips of these speakers and lengths, each with two text tokens and, by default, own audio."""
    audio = range(len(frames)) if audio is None else audio
    digests = [bytes([number]) * 32 for number in audio]
    num_text = np.full(len(frames), 2)
    return Candidates.of(speakers, digests, num_text, np.array(frames), window, OF_THE_CHAT)


def pairs(clips):
    """All (clip, reference) that can be drawn, each clip's as many times as it has references."""
    found = References.among(clips)
    counts = enumerate(found.counts.tolist())
    return [(clip, found.choose(clip, n)) for clip, count in counts for n in range(count)]


def allowed(clips, frames):
    """The same by the rules, as plain as they can be written."""
    everyone = range(len(frames))
    return {
        (clip, other)
        for clip in everyone
        for other in everyone
        if clips.speakers[clip] == clips.speakers[other] != ""
        and clips.digests[clip] != clips.digests[other]
        and frames[other] <= 40
        and OF_THE_CHAT + 4 + frames[clip] + frames[other] <= 100
    }


CLIPS = st.lists(
    st.tuples(st.sampled_from(["a", "b", ""]), st.integers(1, 60), st.integers(0, 9)), max_size=14
)


@given(CLIPS)
def test_a_reference_is_another_clip_of_the_speaker_that_fits_and_never_the_same_audio(clips):
    speakers, frames, audio = zip(*clips, strict=True) if clips else ((), (), ())
    among = candidates(list(speakers), list(frames), audio)
    drawn = Counter(pairs(among))
    assert set(drawn) == allowed(among, frames)
    assert set(drawn.values()) <= {1}, "each reference has one number"


@given(CLIPS)
def test_clips_without_a_reference_are_left_out_until_every_clip_has_one(clips):
    speakers, frames, audio = zip(*clips, strict=True) if clips else ((), (), ())
    among = candidates(list(speakers), list(frames), audio)
    kept = with_references(among)
    assert (References.among(among.only(kept)).counts > 0).all()
    rest = np.setdiff1d(np.arange(len(frames)), kept)
    for one in rest.tolist():
        again = among.only(np.sort(np.append(kept, one)))
        assert len(with_references(again)) == len(kept), "it could have stayed"


def test_every_reference_is_drawn_and_each_about_as_often():
    among = candidates(["a"] * 5, [10, 20, 30, 15, 25])
    found, random = References.among(among), np.random.default_rng(0)
    counts = Counter(found.draw(2, random) for _ in range(4_000))
    assert set(counts) == {0, 1, 3, 4}
    assert max(counts.values()) < 1.2 * min(counts.values())


def test_the_longest_pair_that_fits_the_positions_is_drawn_and_no_longer_one():
    for frames, fits in ((40, True), (41, False)):  # 10 + 2 + 2 + 46 + 40 = 100
        among = candidates(["a", "a"], [46, frames], window=Window(100, 100))
        assert pairs(among) == ([(0, 1), (1, 0)] if fits else [])


def test_a_clip_too_long_for_a_reference_may_still_be_a_target():
    among = candidates(["a", "a", "a"], [41, 20, 30])
    assert set(pairs(among)) == {(0, 1), (0, 2), (1, 2), (2, 1)}


def test_others_are_counted_by_their_audio():
    among = candidates(["a", "a", "a", "b", "", ""], [9] * 6, audio=[0, 0, 1, 2, 3, 4])
    assert among.num_others.tolist() == [1, 1, 2, 0, 0, 0]


def test_the_clip_that_stands_in_is_of_another_speaker_and_nearest_in_length():
    among = candidates(["a", "a", "b", "b", "c"], [20, 30, 29, 10, 32])
    found = nearest_of_others(among, replaced=[1, 0, 3, 2, 0])
    assert found == [2, 2, 0, 1, 0]


def test_nobody_stands_in_where_there_is_one_speaker_or_no_other_fits():
    assert nearest_of_others(candidates(["a", "a"], [20, 30]), [1, 0]) == [None, None]
    window = Window(60, 100)
    among = candidates(["a", "a", "b"], [22, 22, 30], window=window)
    assert nearest_of_others(among, [1, 0, 0])[:2] == [None, None]


def test_the_order_of_a_voice_does_not_follow_from_the_clips_names():
    speakers, frames = ["a"] * 6, [20, 20, 20, 30, 30, 10]
    order = np.array([3, 0, 5, 4, 1, 2])
    among = candidates(speakers, frames)
    one, other = References.among(among), References.among(among.only(order))
    for clip in range(6):
        place = int(np.flatnonzero(order == clip)[0])
        same = [int(order[other.choose(place, number)]) for number in range(5)]
        assert same == [one.choose(clip, number) for number in range(5)]
