import numpy as np
import pytest

from engine.corpus.measure.segment import segments

RATE = 1_000


def talk(*lengths, pause=0.4):
    """Stretches of noise with pauses between them, in seconds."""
    random = np.random.default_rng(1)
    quiet = np.zeros(round(pause * RATE), np.float32)
    parts = []
    for seconds in lengths:
        parts += [random.standard_normal(round(seconds * RATE)).astype(np.float32), quiet]
    return np.concatenate(parts[:-1])


def cut(samples, *, block=700, low=1.0, high=10.0):
    blocks = (samples[start : start + block] for start in range(0, len(samples), block))
    return list(segments(blocks, RATE, low, high))


def test_cuts_lie_in_the_pauses():
    samples = talk(6, 7, 8, 5)
    starts = [one.start for one in cut(samples)][1:]
    assert len(starts) == 3
    assert all(np.abs(samples[start - 90 : start + 90]).max() == 0 for start in starts)


def test_no_sample_is_left_out_or_given_twice():
    samples = talk(3, 9, 12, 30, 1.2, 0.5)
    made = cut(samples)
    assert np.array_equal(np.concatenate([one.samples for one in made]), samples)
    assert [one.start for one in made] == np.cumsum([0, *(len(o.samples) for o in made)])[
        :-1
    ].tolist()


@pytest.mark.parametrize("seconds", [10.01, 10.5, 11.0, 15.3, 20.9, 21.0, 64.2])
def test_every_segment_is_within_the_limits(seconds):
    samples = np.random.default_rng(2).standard_normal(round(seconds * RATE)).astype(np.float32)
    lengths = [len(one.samples) / RATE for one in cut(samples)]
    assert len(lengths) > 1
    assert min(lengths) >= 1.0
    assert max(lengths) <= 10.0


def test_a_recording_that_is_short_enough_stays_whole():
    made = cut(talk(4, 5))
    assert [(one.start, one.is_whole) for one in made] == [(0, True)]


def test_parts_are_not_whole_and_an_empty_recording_is():
    assert not any(one.is_whole for one in cut(talk(8, 8)))
    assert [(len(one.samples), one.is_whole) for one in cut(np.zeros(0, np.float32))] == [(0, True)]


def test_how_the_recording_came_in_blocks_does_not_matter():
    samples = talk(6, 7, 8, 5, 30)
    assert [one.start for one in cut(samples, block=64)] == [
        one.start for one in cut(samples, block=50_000)
    ]
