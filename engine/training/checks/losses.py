"""What the values of loss terms show: a wrong sign, and whether a repeated batch lowers them."""

from collections.abc import Collection, Mapping, Sequence

from engine.training.checks.check import Check
from engine.training.system import Turn


def sign_check(
    turns: Sequence[Turn], losses: Mapping[str, float], signed: Collection[str]
) -> Check:
    """Whether the weights of all terms are positive, and the terms themselves never below zero.

    Cross-entropies, distances and divergences are never negative; `signed` names other terms.
    """
    name = "signs of losses"
    flipped = [
        f"{turn.name}/{term} ({weight:g})"
        for turn in turns
        for term, weight in turn.weights.items()
        if weight < 0.0
    ]
    if flipped:
        said = f"the weight of {', '.join(flipped)} is negative: training makes that term worse"
        return Check(name, False, said)
    negative = [
        f"{term} is {value:.4g}"
        for term, value in losses.items()
        if value < 0.0 and term not in signed and term.rpartition("/")[2] != "loss"
    ]
    if negative:
        why = "a cross-entropy, distance or divergence is never negative: its sign is wrong"
        return Check(name, False, f"{', '.join(negative)}, but {why}")
    return Check(name, True, f"{len(losses)} terms and totals, none of the wrong sign")


def fall_check(term: str, before: float, after: float, num_steps: int) -> Check:
    """Whether a term fell on one batch, however little: how much depends on the learning rate.

    Random choices are the same in both measurements, so that only the weights differ: at a rate of
    1e-6 dropout changes a loss a thousand times as much as six steps do.
    """
    said = f"{before:.6g} -> {after:.6g} in {num_steps} steps on one batch"
    if after == before:
        said += ": the weights changed too little, or not at all; check the learning rate"
    elif after > before:
        said += ": training makes it worse. Is its sign wrong, or the learning rate too high?"
    return Check(f"{term} can be learned", after < before, said)
