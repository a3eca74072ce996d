"""Epochs without an order of their own, or without all clips."""

import numpy as np

from engine.training.checks.order import order_check
from engine.training.order import Order

IDS = [f"clip {number}" for number in range(20)]


class InOrder(Order):
    def epoch(self, _):
        return np.array_split(np.arange(20), 5)


class Repeating(Order):
    def epoch(self, epoch):
        return np.array_split(np.random.default_rng(epoch).choice(18, 20), 5)


def test_epochs_that_are_shuffled_pass_whatever_the_processes_and_batches():
    for size, world in ((4, 1), (3, 1), (7, 2), (8, 4)):
        order = Order(np.ones(20), size, seed=1, world_size=world)
        assert order_check(order, IDS).ok


def test_clips_in_the_same_order_in_every_epoch_end_the_run():
    check = order_check(InOrder(np.ones(20), 4, seed=1), IDS)
    assert check.stops
    assert check.detail.startswith("two epochs have the 20 clips in the same order")


def test_an_epoch_that_leaves_clips_out_names_the_first():
    check = order_check(Repeating(np.ones(20), 4, seed=1), IDS)
    assert check.stops
    assert "of 20 clips an epoch leaves out" in check.detail
    assert "(first: clip " in check.detail


def test_one_clip_has_one_order():
    assert order_check(Order(np.ones(1), 4, seed=1), IDS[:1]).ok
