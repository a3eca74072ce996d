import pytest

from engine.corpus.layouts import Candidate
from engine.corpus.store.shards import MOST_FILES, SHARD_BYTES, cut_into_shards


def cut(paths, size=1_000):
    return list(cut_into_shards((Candidate(path=path) for path in sorted(paths)), lambda _: size))


def paths(number):
    return {f"speaker{n % 7}/{n:05d}.wav" for n in range(number)}


def test_every_candidate_is_in_one_shard_in_order():
    flat = [part.path for shard in cut(paths(2_000)) for file in shard for part in file]
    assert flat == sorted(paths(2_000))


def test_shards_hold_some_dozens_of_files():
    shards = cut(paths(5_000))
    assert 40 < 5_000 / len(shards) < 90
    assert max(map(len, shards)) <= MOST_FILES


@pytest.mark.parametrize("new", ["speaker0/00000b.wav", "speaker3/99999.wav", "zoe/1.wav"])
def test_a_new_file_changes_the_shards_around_it_alone(new):
    before, after = set(cut(paths(5_000))), set(cut(paths(5_000) | {new}))
    assert len(before) > 50
    assert len(before - after) <= 3
    assert len(after - before) <= 4


def test_large_files_close_a_shard():
    assert len(cut(paths(10), size=SHARD_BYTES)) == 10


def test_the_parts_of_a_file_stay_together():
    parts = [Candidate(path="a.wav", id=f"a_{n}", start_seconds=float(n)) for n in range(500)]
    (shard,) = cut_into_shards(parts, lambda _: 1)
    assert [len(file) for file in shard] == [500]
