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


def test_clips_of_similar_length_share_a_batch():
    lengths = np.random.default_rng(0).integers(1, 1000, 400)
    batches = Order(lengths, batch_size=10, seed=1).epoch(0)
    spread = np.mean([np.ptp(lengths[batch]) for batch in batches])
    assert spread < 0.1 * np.ptp(lengths)


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
