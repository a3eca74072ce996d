"""Losses of a clip that depend on the padding and on the clip beside it."""

import numpy as np
import pytest
import torch

from engine.training.checks.neighbours import neighbours_check
from engine.training.system import TrainingModule


class Padded:
    """Clips of several lengths, padded with zeros on the right."""

    def __init__(self, lengths=(5, 9, 3, 12), draws_for_all=False):
        self.lengths, self._draws_for_all = lengths, draws_for_all
        random = np.random.default_rng(0)
        self._clips = [torch.tensor(random.normal(1.0, 1.0, length)) for length in lengths]

    def batch(self, indices, random):
        rows = [self._clips[index] for index in indices]
        noise = torch.tensor(random.normal(size=(len(rows), 1)))
        if self._draws_for_all:
            noise = noise.flip(0)
        padded = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)
        lengths = torch.tensor([len(row) for row in rows])
        return {"audio": padded, "lengths": lengths, "noise": noise}


class OverTokens(TrainingModule):
    def num_targets(self, batch):
        return {"ce": int(batch["lengths"].sum())}


def masked(batch):
    return (batch["audio"] ** 2).sum() / batch["lengths"].sum()


def over_padding(batch):
    return (batch["audio"] ** 2).mean()


def leaking(batch):
    return ((batch["audio"] - batch["audio"].mean()) ** 2)[:, :3].mean()


def by_clip(batch):
    return ((batch["audio"] ** 2).sum(1) / batch["lengths"]).mean()


def checked(loss, module=None, name="lm/ce", clips=None):
    def losses(batch, seed):
        torch.manual_seed(seed)
        return {name: float(loss(batch)), "lm/loss": float(loss(batch))}

    return neighbours_check(clips or Padded(), module or OverTokens(), losses, seed=1)


def test_means_over_targets_and_over_clips_add_up():
    assert checked(masked).ok
    assert checked(masked).detail.startswith("lm/ce of a short and a long clip is ")
    assert checked(by_clip, TrainingModule()).ok


@pytest.mark.parametrize("loss", [over_padding, leaking, by_clip])
def test_a_loss_over_padding_or_over_other_clips_or_counted_otherwise_ends_the_run(loss):
    check = checked(loss)
    assert check.stops
    assert "Mask the padding" in check.detail


def test_random_losses_and_clips_that_are_drawn_together_are_not_checked():
    drawn = checked(lambda batch: masked(batch) + torch.randn(()))
    assert (drawn.ok, drawn.detail.split(":")[0]) == (True, "not checked")
    together = checked(over_padding, clips=Padded(draws_for_all=True))
    assert "drawn for the whole batch" in together.detail


def test_one_clip_has_no_neighbour():
    assert checked(over_padding, clips=Padded(lengths=(4,))).detail.endswith("there is one clip")
