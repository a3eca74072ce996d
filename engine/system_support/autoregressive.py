"""What every autoregressive system must answer: probes of what it takes for the next token.

A system hands in its scores with the labels they are trained by, and the sequences in which both
stand. Labels are checked by what they are, the network by what its scores say.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal

from attrs import frozen
from torch import Tensor

from engine.recipe.schema import Recipe
from engine.system_support.loss_labels import Trained, loss_labels_check
from engine.system_support.predictions import Predictions
from engine.system_support.shift import OFFSETS, shift_check
from engine.training.checks import Check
from engine.training.system import Batch, Probe

Start = Literal["fresh", "parent", "published"]
"""What weights are before step 1: fresh, or those of another recipe or of a published model."""

_LEAST_FRESH_RATE, _MOST_RATE = 1e-5, 1e-2
_CAUSES = {
    -1: "the labels are the tokens before: they go the wrong way",
    0: "the labels are not shifted: each position is asked for the token that it is given",
    2: "the labels are shifted by two positions: they are shifted once in the data and once more "
    "in the loss",
    3: "the labels are shifted by three positions",
}
TOLERANCE = 1e-3
"""Tolerance of scores in single precision, relative to the largest; rounding is a thousandth."""


@frozen(kw_only=True, eq=False)
class Decoding:
    """Scores of the same positions of each clip, [positions, entries], computed in two ways."""

    forced: Sequence[Tensor]
    """With all tokens given at once, as in training."""
    cached: Sequence[Tensor]
    """Token by token, with what was computed before kept, as in generation."""


def autoregressive_probe(
    predict: Callable[[Batch], Sequence[Predictions]],
    start: Start,
    decode: Callable[[Batch], Decoding] | None = None,
    tolerance: float = TOLERANCE,
    trained: Callable[[Batch], Mapping[str, Trained]] | None = None,
) -> Probe:
    """The probe of a system: labels, the order of tokens, a bound by chance, and its decoder.

    `trained` gives what training's loss is made of, by the kind of its predictions.
    """

    def probe(batch: Batch, step: int) -> Iterable[Check]:
        found = predict(batch)
        yield from map(labels_check, found)
        if trained is not None:
            yield loss_labels_check(found, trained(batch), tolerance)
        yield shift_check(found, learned=step > 0 or start != "fresh")
        yield uniform_check(found, start)
        if decode is not None:
            yield decoding_check(decode(batch), tolerance)

    return probe


def start_of(recipe: Recipe) -> Start:
    """What the weights of a recipe are before step 1."""
    start = recipe.start
    if start is None or "weights" not in start.carry:
        return "fresh"
    return "parent" if start.from_ else "published"


def usual_rates(recipe: Recipe, lowest: float) -> tuple[float, float]:
    """The learning rates, lowest and highest, at which language models are trained.

    `lowest` is for weights that are trained already; random ones never begin to learn there.
    """
    return (_LEAST_FRESH_RATE if start_of(recipe) == "fresh" else lowest), _MOST_RATE


def labels_check(predictions: Predictions) -> Check:
    """Whether each label is the token after its position, which any weights can show."""
    shares = {offset: _share_at(predictions, offset) for offset in OFFSETS}
    name = f"labels of {predictions.kind}"
    if shares[1] == 1.0:
        number = len(predictions.labels)
        return Check(name, True, f"all {number:,} are the token after their position")
    best = max(shares, key=lambda offset: shares[offset])
    said = ", ".join(f"{offset:+d}: {share:.0%}" for offset, share in shares.items())
    cause = _CAUSES.get(best) if shares[best] > 0.95 else None
    cause = cause or "they are the tokens at no one offset"
    return Check(name, False, f"{cause} (share of labels that are the token at an offset: {said})")


def uniform_check(found: Sequence[Predictions], start: Start) -> Check:
    """Whether the cross-entropy is where it must be beside that of a uniform guess.

    Fresh scores cost a little more than it, by their variance; those of weights that were trained
    cost less.
    """
    name = "cross-entropy by chance"
    excess, worst, said = _dearest(found)
    if not excess <= max(0.25 * worst.uniform, 0.7):
        why = "the scores are sure of the wrong tokens: those of another position or vocabulary?"
        return Check(name, False, f"{said}: {why}")
    trained = [one for one in found if not one.is_new]
    if start == "fresh" or not trained:
        return Check(name, True, said)
    excess, _, said = _dearest(trained)
    if excess < 0:
        return Check(name, True, said)
    why = "weights that were trained know more than that: were they loaded, and for these tokens?"
    return Check(name, False if start == "published" else None, f"{said}: {why}")


def decoding_check(decoding: Decoding, tolerance: float = TOLERANCE) -> Check:
    """Whether generating token by token computes what training does; the first that differs."""
    name, largest = "decoding with a cache", 0.0
    for clip, (forced, cached) in enumerate(zip(decoding.forced, decoding.cached, strict=True)):
        scale = forced.float().abs().max()
        apart = (forced.float() - cached.float()).abs().amax(-1) / scale
        wrong = (~(apart <= tolerance)).nonzero()
        if len(wrong):
            place = int(wrong[0])
            said = (
                f"scores differ from those of training from position {place} of clip {clip} on, "
                f"by {float(apart[place]):.2g} of the largest (at most {tolerance:g} is rounding): "
                "what is generated is not what was trained"
            )
            return Check(name, False, said)
        largest = max(largest, float(apart.max()))
    positions = sum(map(len, decoding.forced))
    return Check(name, True, f"{positions} positions differ by at most {largest:.2g} of the scores")


def _dearest(found: Sequence[Predictions]) -> tuple[float, Predictions, str]:
    """What costs most beside a uniform guess: by how many nats, which it is, and both in words."""
    costs = [(one.nats - one.uniform, one) for one in found]
    excess, worst = max(costs, key=lambda cost: cost[0] if math.isfinite(cost[0]) else math.inf)
    said = (
        f"{worst.kind} costs {worst.uniform + excess:.2f} nats a token, a uniform guess of its "
        f"{worst.scores.shape[1]:,} tokens {worst.uniform:.2f}"
    )
    return excess, worst, said


def _share_at(predictions: Predictions, offset: int) -> float:
    """Share of labels that are the token `offset` after their position.

    A clip has none there for its first or last positions: of another offset than 1 these are not
    counted, but each label must be a next token that is there.
    """
    place = predictions.position + offset
    inside = (place >= 0) & (place < len(predictions.tokens))
    place = place.clamp(0, len(predictions.tokens) - 1)
    own = predictions.clip[place] == predictions.clip[predictions.position]
    there = inside & own
    same = there & (predictions.tokens[place] == predictions.labels)
    counted = len(same) if offset == 1 else int(there.sum())
    return int(same.sum()) / counted if counted else float(offset == 1)
