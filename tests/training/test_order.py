import itertools

import numpy as np
import pytest

from engine.training.order import Order, longest_batch


def epoch_of(order, epoch):
    return np.concatenate(order.epoch(epoch))


def test_an_epoch_is_one_pass_over_all_clips():
    order = Order([5] * 23, batch_size=4, seed=1)
    assert sorted(epoch_of(order, 0)) == list(range(23))
    assert order.steps_per_epoch == 6


def test_the_order_depends_on_seed_and_epoch_alone():
    order = Order([5] * 23, batch_size=4, seed=1)
    assert np.array_equal(epoch_of(order, 3), epoch_of(Order([5] * 23, 4, seed=1), 3))
    assert not np.array_equal(epoch_of(order, 3), epoch_of(order, 4))
    assert not np.array_equal(epoch_of(order, 3), epoch_of(Order([5] * 23, 4, seed=2), 3))


@pytest.mark.parametrize("start", [0, 1, 5, 6, 7, 20])
def test_starting_anywhere_continues_the_same_sequence(start):
    order = Order(list(range(23)), batch_size=4, seed=1)
    whole = [(step, clips.tolist()) for step, clips in itertools.islice(order.steps(0), 30)]
    late = [(step, clips.tolist()) for step, clips in itertools.islice(order.steps(start), 30)]
    assert late[: 30 - start] == whole[start:]


SECONDS = np.clip(np.random.default_rng(0).normal(6.57, 2.18, 13_100), 1.1, 10.1)
LJSPEECH = (22_050 * SECONDS).astype(int)
"""Lengths like those of LJSpeech, in samples."""


@pytest.mark.parametrize(("num_clips", "share"), [(13_100, 0.02), (2_000, 0.03), (1_024, 0.05)])
def test_little_of_the_batches_of_a_large_corpus_is_padding(num_clips, share):
    order = Order(LJSPEECH[:num_clips], batch_size=8, seed=1)
    assert order.padding(order.epoch(0)) < share
    shuffled = np.random.default_rng(0).permutation(num_clips // 8 * 8).reshape(-1, 8)
    assert order.padding(shuffled) > 0.25


@pytest.mark.parametrize("num_clips", [16, 46, 130, 400, 2_000, 13_100])
def test_hardly_a_batch_comes_again_in_the_next_epoch(num_clips):
    order = Order(LJSPEECH[:num_clips], batch_size=8, seed=1)
    batches = [{frozenset(batch.tolist()) for batch in order.epoch(n)} for n in range(6)]
    for before, after in itertools.pairwise(batches):
        assert len(before & after) <= 0.05 * len(after)
    company = [set() for _ in range(num_clips)]
    for clip, *others in (batch for of_one in batches for batch in of_one):
        company[clip].update(others)
    met = [len(others) for others in company if others]
    assert np.mean(met) > 7  # the same company in every epoch is 7 others


@pytest.mark.parametrize("num_clips", [46, 413])
def test_the_last_short_batch_is_drawn_from_clips_of_all_lengths(num_clips):
    lengths = LJSPEECH[:num_clips]
    order = Order(lengths, batch_size=8, seed=1)
    last = [order.epoch(n)[-1] for n in range(300)]
    means = [lengths[batch].mean() for batch in last]
    assert {len(batch) for batch in last} == {num_clips % 8}
    error = lengths.std() / np.sqrt(300 * (num_clips % 8))
    assert abs(np.mean(means) - lengths.mean()) < 4 * error


def test_clips_are_not_sorted_where_padding_is_cheap():
    alike = Order(np.arange(130_000, 143_100), batch_size=8, seed=1)
    assert alike.pool_batches == 1
    cut_fine = Order(LJSPEECH, batch_size=252, seed=1, num_parts=84)
    assert cut_fine.pool_batches == 1  # a part has three clips, of similar length
    assert cut_fine.padding(cut_fine.epoch(0)) < 0.02


def test_micro_batches_have_clips_of_similar_length_in_the_order_of_the_batch():
    order = Order([9, 1, 8, 2, 7, 3], batch_size=6, seed=1, num_parts=3)
    parts = order.parts(np.arange(6))
    assert [part.tolist() for part in parts] == [[1, 3], [4, 5], [0, 2]]


def test_the_order_is_the_same_in_every_process_and_in_every_number_of_them():
    one = Order(LJSPEECH[:2_000], 8, seed=1)
    two = Order(LJSPEECH[:2_000], 8, seed=1, rank=1, world_size=2)
    assert one.pool_batches == two.pool_batches > 1
    assert all(map(np.array_equal, one.epoch(3), two.epoch(3)))


def test_ranks_share_each_batch_without_overlap():
    ranks = [Order([5] * 23, 4, seed=1, rank=r, world_size=2) for r in (0, 1)]
    for (_, a), (_, b) in itertools.islice(
        zip(ranks[0].steps(0), ranks[1].steps(0), strict=False), 12
    ):
        assert len(a) == len(b)
        assert not set(a) & set(b)


def test_two_ranks_see_together_what_one_sees():
    one = Order([5] * 24, 4, seed=1)
    two = [Order([5] * 24, 4, seed=1, rank=r, world_size=2) for r in (0, 1)]
    streams = (one.steps(0), two[0].steps(0), two[1].steps(0))
    for (_, a), (_, b), (_, c) in itertools.islice(zip(*streams, strict=False), 12):
        assert sorted(a) == sorted([*b, *c])


def test_the_longest_batch_holds_the_longest_clips():
    assert sorted(longest_batch([3, 9, 1, 7, 8], 2)) == [1, 4]
