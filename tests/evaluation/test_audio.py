import numpy as np
import pytest

from engine.evaluation.audio import SPAN, ClipAudio, rows_sharing_audio


def heard(*spans, first=0):
    """Clips with digests of their own, at (file, start, stop)."""
    digests = np.zeros((len(spans), 32), np.uint8)
    digests[:, 0] = np.arange(first, first + len(spans))
    return ClipAudio(digests, np.array(list(spans), SPAN))


def shared(clips, others):
    return rows_sharing_audio(heard(*clips), heard(*others, first=100))


def test_the_same_samples_are_found_wherever_they_lie():
    assert rows_sharing_audio(heard((1, 0, 1), (2, 0, 1)), heard((3, 5, 6))) == [0]


@pytest.mark.parametrize(
    ("start", "stop"), [(0, 1), (2, 5), (3.5, 5), (4.5, 4.7), (0, 20), (5.5, 9), (4, 6)]
)
def test_parts_of_one_file_that_overlap_share_audio(start, stop):
    assert shared([(7, 4, 6)], [(7, start, stop)]) == ([] if stop <= 4 else [0])


def test_neighbours_that_share_an_edge_do_not():
    assert shared([(7, 4, 6)], [(7, 0, 4.05), (7, 5.95, 9)]) == []


def test_other_files_and_unknown_ones_do_not():
    assert shared([(7, 4, 6), (0, 0, 1)], [(8, 4, 6), (0, 0, 1)]) == []


def test_no_clips_share_nothing():
    assert shared([], [(7, 0, 1)]) == shared([(7, 0, 1)], []) == []


def test_it_agrees_with_looking_at_every_pair():
    random = np.random.default_rng(0)

    def some(number):
        starts = random.uniform(0, 50, number)
        stops = starts + random.uniform(0.4, 3, number)
        return list(zip(random.integers(1, 9, number).tolist(), starts, stops, strict=True))

    clips, others = some(60), some(60)
    expected = [
        row
        for row, (file, start, stop) in enumerate(clips)
        if any(f == file and min(stop, e) - max(start, s) > 0.1 for f, s, e in others)
    ]
    assert shared(clips, others) == expected


def test_either_side_may_be_many():
    many = np.zeros(1_000_000, SPAN)
    many["file"] = np.arange(1, len(many) + 1) // 1_000 + 1
    many["start"] = np.arange(len(many)) % 1_000
    many["stop"] = many["start"] + 1
    digests = np.random.default_rng(0).integers(0, 256, (len(many), 32), np.uint8)
    corpus = ClipAudio(digests, many)
    few = heard((5, 3.2, 3.8))
    assert rows_sharing_audio(few, corpus) == [0]
    assert many[rows_sharing_audio(corpus, few)].tolist() == [(5, 3.0, 4.0)]
