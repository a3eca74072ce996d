"""Whether the loss of training asks for the labels that a network's scores are known to be for.

Labels that a batch shows may be right, and be shifted or masked once more where the loss is made.
"""

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from attrs import frozen

from engine.system_support.predictions import Predictions
from engine.system_support.shift import OFFSETS
from engine.training.checks import Check

_NAME = "labels of the loss"


@frozen
class Trained:
    """What training's loss sums up over the labels of one kind in a batch."""

    nats: float
    num_labels: int
    num_targets: int
    """Labels that the batch has, by its tokens alone."""


def loss_labels_check(
    found: Sequence[Predictions], trained: Mapping[str, Trained], tolerance: float
) -> Check:
    """Compare training's cross-entropies with those of the same scores and labels."""
    for one in found:
        theirs = trained[one.kind]
        own = float(_nats(one, one.labels).sum())
        if theirs.num_labels != theirs.num_targets:
            said = f"{theirs.num_labels} labels of {one.kind} are learned, and the batch has "
            said += f"{theirs.num_targets}: {_left_out(one, theirs)}"
            return Check(_NAME, False, said)
        if abs(own - theirs.nats) > tolerance * max(abs(own), 1.0):
            mean = theirs.nats / max(theirs.num_labels, 1)
            said = f"training's cross-entropy of {one.kind} is {mean:.3f} nats, and that of its "
            said += f"scores with its labels {own / len(one.labels):.3f}: {_cause(one, mean)}"
            return Check(_NAME, False, said)
    return Check(_NAME, True, "training's cross-entropies are those of its labels")


def _nats(one: Predictions, labels: torch.Tensor) -> torch.Tensor:
    return F.cross_entropy(one.scores.float(), labels, reduction="none").double()


def _left_out(one: Predictions, theirs: Trained) -> str:
    ends = torch.isin(one.labels, one.labels.new_tensor(list(one.special)))
    if len(one.labels) == theirs.num_targets:
        without = int((~ends).sum())
        masks_ends = theirs.num_labels in (without, without + theirs.num_targets - len(ends))
    else:
        masks_ends = not bool(ends.any())
    if masks_ends:
        return "the ends of the clips are masked, so that what is generated never stops"
    return "a mask leaves labels out"


def _cause(one: Predictions, mean: float) -> str:
    """The offset at which the scores cost what training's loss is, if there is one."""
    for offset in OFFSETS:
        place = (one.position + offset).clamp(0, len(one.tokens) - 1)
        tokens = one.tokens[place]
        inside = (one.clip[place] == one.clip[one.position]) & (tokens >= 0)
        labels = torch.where(inside, tokens, one.labels)
        if offset != 1 and abs(float(_nats(one, labels).mean()) - mean) < 0.02 * mean:
            return f"it fits the tokens at offset {offset:+d}: the loss shifts its labels once more"
    return "the loss shifts or masks its labels once more"
