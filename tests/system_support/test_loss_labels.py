"""Losses that ask for other labels than those that the scores are known to be for."""

import pytest
import torch
import torch.nn.functional as F

from engine.system_support.loss_labels import Trained, loss_labels_check
from engine.system_support.planted import planted_scores
from engine.system_support.predictions import Predictions

END, ENTRIES, LENGTH = 19, 20, 12


@pytest.fixture(scope="module")
def found():
    """Two clips of twelve tokens with an end, and a network that knows a little."""
    random = torch.Generator().manual_seed(0)
    rows = [
        torch.cat([torch.randint(0, END, (LENGTH,), generator=random), torch.tensor([END])])
        for _ in range(2)
    ]
    tokens, clip = torch.cat(rows), torch.arange(2).repeat_interleave(LENGTH + 1)
    position = torch.cat([torch.arange(LENGTH), torch.arange(LENGTH) + LENGTH + 1])
    labels = tokens[position + 1]
    scores = torch.randn(len(labels), ENTRIES, generator=random)
    scores[torch.arange(len(labels)), labels] += 2.0
    return Predictions(
        kind="codes",
        scores=scores,
        labels=labels,
        position=position,
        tokens=tokens,
        clip=clip,
        special=(END,),
    )


def trained(found, labels, keep=None):
    nats = F.cross_entropy(found.scores, labels, reduction="none")
    keep = torch.ones(len(labels), dtype=torch.bool) if keep is None else keep
    return {"codes": Trained(float(nats[keep].sum()), int(keep.sum()), len(labels))}


def test_the_loss_of_the_labels_passes(found):
    assert loss_labels_check([found], trained(found, found.labels), 1e-3).ok


@pytest.mark.parametrize("offset", [0, 2])
def test_a_loss_that_shifts_once_more_is_named_with_its_offset(found, offset):
    place = (found.position + offset).clamp(max=len(found.tokens) - 1)
    inside = found.clip[place] == found.clip[found.position]
    labels = torch.where(inside, found.tokens[place], found.labels)
    check = loss_labels_check([found], trained(found, labels), 1e-3)
    assert check.stops
    assert f"offset {offset:+d}: the loss shifts its labels once more" in check.detail


def test_ends_that_are_masked_are_named(found):
    check = loss_labels_check([found], trained(found, found.labels, found.labels != END), 1e-3)
    assert check.stops
    assert "the ends of the clips are masked" in check.detail


def test_another_mask_is_named_as_one(found):
    keep = torch.arange(len(found.labels)) % 2 == 0
    check = loss_labels_check([found], trained(found, found.labels, keep), 1e-3)
    assert "a mask leaves labels out" in check.detail


def test_planted_answers_cost_nothing_a_uniform_guess_its_entropy_and_others_much(found):
    def nats(answer):
        return float(F.cross_entropy(planted_scores(found, answer), found.labels))

    assert nats("original") < 1e-6
    assert nats("silence") == pytest.approx(torch.tensor(float(ENTRIES)).log().item())
    assert nats("another") > 30
