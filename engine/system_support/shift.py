"""The shift probe: which token, counted from the one given, a network's scores are those of.

Cross-entropy against the tokens at offsets -1 to +3; it must be least at +1. Within a clip targets
wrap around, so that they are the same ones at every offset: what knows tokens but no order costs
the same at each.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from engine.system_support.predictions import Predictions
from engine.training.checks import Check

OFFSETS = (-1, 0, 1, 2, 3)
_NEXT = OFFSETS.index(1)
_FEWEST = 8
"""Tokens of a clip, so that those which wrap around are few."""
_CLEAR, _WRONG = 2.0, 4.0
"""Standard errors by which +1 must be the least, and by which another offset must be less for a
run to be ended: neighbours are alike, so there are fewer draws than positions."""
_CLEAR_NATS = 0.1
"""Nats that it must be less besides."""
_CAUSES = {
    -1: "the network has learned the token before",
    0: "the network has learned to repeat the token that it is given: the labels are not shifted, "
    "or it sees what it is asked for",
    2: "the network has learned the token after the next: the labels are shifted by two positions",
    3: "the network has learned the token three positions on: labels are shifted by three",
}


class _Costs(NamedTuple):
    """At each of n positions and offset."""

    nats: Tensor
    """[n, offsets]."""
    is_next: Tensor
    """[n, offsets]: whether the token there is the next one's as well."""


def shift_check(found: Sequence[Predictions], *, learned: bool) -> Check:
    """Whether scores are those of the next token, over all kinds of tokens together.

    Weights that have not learned, or no order yet, cannot show it.
    """
    name = "order of tokens"
    costs = _all_costs(found)
    if costs is None:
        return Check(name, None, "the clips are too short for it")
    means = costs.nats.mean(0).tolist()
    said = "cross-entropy at offset " + ", ".join(
        f"{offset:+d}: {mean:.2f}" for offset, mean in zip(OFFSETS, means, strict=True)
    )
    if not learned:
        return Check(name, None, f"{said} nats; fresh weights know of no order")
    if cause := _cause(costs):
        return Check(name, False, f"{said} nats: {cause}")
    apart, error = _apart(costs.nats)
    others = [place for place in range(len(OFFSETS)) if place != _NEXT]
    if all(apart[place] > _CLEAR * error[place] for place in others):
        return Check(name, True, f"{said} nats, least at +1")
    return Check(name, None, f"{said} nats: not clearly least at +1")


def _cause(costs: _Costs) -> str | None:
    """What is wrong where another offset is clearly cheaper than the next token."""
    apart, error = _apart(costs.nats)
    for place in apart.argsort().tolist():
        if place == _NEXT or -apart[place] < max(_CLEAR_NATS, float(_WRONG * error[place])):
            continue
        if OFFSETS[place] > 1 or _is_overrated(costs, place):
            return _CAUSES[OFFSETS[place]]
    return None


def _is_overrated(costs: _Costs, place: int) -> bool:
    """Whether an earlier token gets more probability than it has of being the next.

    Where tokens often repeat, to say so is right, and costs less at offset 0 than at +1.
    """
    more = costs.nats[:, place].neg().exp() - costs.is_next[:, place].double()
    return float(more.mean()) > max(0.05, _WRONG * _standard_error(more))


def _apart(nats: Tensor) -> tuple[Tensor, Tensor]:
    """By how much each offset costs more than the next token, [offsets], and its standard error."""
    more = nats - nats[:, _NEXT : _NEXT + 1]
    return more.mean(0), torch.tensor([_standard_error(one) for one in more.T])


def _standard_error(values: Tensor) -> float:
    return float(values.std()) / math.sqrt(len(values))


def _all_costs(found: Sequence[Predictions]) -> _Costs | None:
    parts = [part for one in found for part in _costs(one)]
    return _Costs(*map(torch.cat, zip(*parts, strict=True))) if parts else None


def _costs(predictions: Predictions) -> list[_Costs]:
    """Costs of each clip that is long enough, at positions of ordinary tokens."""
    given = predictions.tokens[predictions.position]
    special = given.new_tensor(list(predictions.special))
    ordinary = ~torch.isin(given, special)
    clips = predictions.clip[predictions.position]
    parts = []
    for clip in range(int(clips.max()) + 1 if len(clips) else 0):
        here = ordinary & (clips == clip)
        if int(here.sum()) < _FEWEST:
            continue
        tokens = given[here]
        targets = torch.stack([tokens.roll(-offset) for offset in OFFSETS], 1)
        nats = -predictions.scores[here].float().log_softmax(-1).gather(1, targets).double()
        parts.append(_Costs(nats.cpu(), (targets == targets[:, _NEXT : _NEXT + 1]).cpu()))
    return parts
