"""Batches that are not finite end a run before their step, with their clips."""

import numpy as np
import pytest
import torch

from engine.training.checks.finite import BrokenBatchError, is_broken, require_finite
from engine.training.loader import batches
from engine.training.order import Order
from tests.training.toy import ToyClips


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_one_number_that_is_not_finite_is_found(value):
    tensor = torch.zeros(4, 100)
    assert not is_broken(tensor)
    tensor[2, 7] = value
    assert is_broken(tensor)


def test_large_numbers_and_whole_numbers_are_finite():
    assert not is_broken(torch.full((2, 4), 3e38))
    assert not is_broken(torch.tensor([1, -1]))


def test_the_clips_are_named():
    batch = {"audio": torch.zeros(3, 5), "speaker": torch.zeros(3, dtype=torch.int64)}
    require_finite(batch, ["a", "b", "c"], 0)
    batch["audio"][1] = float("nan")
    with pytest.raises(
        BrokenBatchError, match=r"step 12 holds NaN or infinity in 'audio', in clip b"
    ):
        require_finite(batch, ["a", "b", "c"], 11)


def test_the_loader_raises_at_the_batch_of_the_clip():
    clips = ToyClips(40, 0)
    clips.clean[17] = np.nan
    order = Order(clips.lengths, 8, seed=1)
    due = next(step for step, places in order.steps(0) if 17 in places)
    stream = batches(clips, order, 0)
    for _ in range(due):
        next(stream)
    with pytest.raises(BrokenBatchError, match="clip17"):
        next(stream)
