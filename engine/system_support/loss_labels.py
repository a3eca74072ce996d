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
_MOST_ENDS = 4
"""Labels that end a clip, at most."""
_FITS = 0.02
"""Share by which a cross-entropy may differ from that of an offset which it fits."""


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
        without = float(_nats(one, one.labels)[~ends].sum())
        masks_ends = abs(without - theirs.nats) < _FITS * without
    else:
        missing, num_clips = theirs.num_targets - theirs.num_labels, len({*one.clip.tolist()})
        masks_ends = (
            not bool(ends.any()) and missing % num_clips == 0 and missing <= _MOST_ENDS * num_clips
        )
    if masks_ends:
        return "the ends of the clips are masked, so that what is generated never stops"
    return "a mask leaves labels out, or the loss shifts them once more"


def _cause(one: Predictions, mean: float) -> str:
    """The offset at which the scores cost what training's loss is, if there is one."""
    apart = {offset: abs(_at(one, offset) - mean) for offset in OFFSETS if offset != 1}
    best = min(apart, key=lambda offset: apart[offset])
    if apart[best] < _FITS * mean:
        return f"it fits the tokens at offset {best:+d}: the loss shifts its labels once more"
    return "the loss shifts or masks its labels once more"


def _at(one: Predictions, offset: int) -> float:
    """Cross-entropy of the tokens at an offset; at a clip's edges, of its labels."""
    place = (one.position + offset).clamp(0, len(one.tokens) - 1)
    tokens = one.tokens[place]
    inside = (one.clip[place] == one.clip[one.position]) & (tokens >= 0)
    return float(_nats(one, torch.where(inside, tokens, one.labels)).mean())
