import itertools

import pytest
import torch

from engine.training.loader import batches
from engine.training.order import Order
from tests.training.toy import ToyClips


def take(num, start=0, micro=1, clips=None):
    clips = clips or ToyClips(20, 0)
    stream = batches(clips, Order(clips.lengths, 4, seed=7, num_parts=micro), start)
    taken = list(itertools.islice(stream, num))
    stream.close()
    return taken


def test_batches_and_their_noise_are_the_same_wherever_loading_starts():
    whole, late = take(8), take(3, start=5)
    for a, b in zip(whole[5:], late, strict=True):
        assert torch.equal(a[0]["noisy"], b[0]["noisy"])


def test_micro_batches_are_the_parts_of_the_batch():
    (whole,), parts = take(1)[0], take(1, micro=2)[0]
    assert [len(part["clean"]) for part in parts] == [2, 2]
    assert torch.equal(torch.cat([part["clean"] for part in parts]), whole["clean"])


def test_an_error_of_the_clips_reaches_the_training_thread():
    class Broken(ToyClips):
        def batch(self, indices, random):
            raise OSError("shard gone")

    with pytest.raises(OSError, match="shard gone"):
        take(1, clips=Broken(20, 0))
