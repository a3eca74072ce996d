"""What the values of loss terms show: a wrong sign, and whether a repeated batch lowers them."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from torch import nn

from engine.training.checks.check import Check
from engine.training.system import Turn

_LEAST_SHARE = 1e-3
"""Least share of its main terms in a turn's weighted loss."""


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


def share_check(
    turns: Sequence[Turn], losses: Mapping[str, float], mains: Collection[str]
) -> Iterator[Check]:
    """Whether the main terms are a part of their turn's loss that matters: a warning."""
    for turn in turns:
        place = "" if len(turns) == 1 else f"{turn.name}/"
        parts = {
            f"{place}{n}": abs(w * losses.get(f"{place}{n}", 0.0)) for n, w in turn.weights.items()
        }
        total = sum(parts.values())
        for term in (one for one in mains if one in parts):
            share = parts[term] / total if total else 0.0
            said = f"{term} is {share:.2g} of the weighted loss"
            ok = share >= _LEAST_SHARE
            said += "" if ok else ": its weight in [losses] is so small that it is not learned"
            yield Check(f"weight of {term}", ok, said, "warn")


def dropped_check(turns: Sequence[Turn], losses: Mapping[str, float]) -> Check:
    """Whether every term that is weighed has a value: exactly zero is that of a term that is gone.

    A warning: fresh weights may have a divergence of zero.
    """
    weights = {f"{turn.name}/{term}": w for turn in turns for term, w in turn.weights.items()}
    if len(turns) == 1:
        weights = {name.partition("/")[2]: weight for name, weight in weights.items()} | weights
    gone = [one for one, value in losses.items() if value == 0.0 and weights.get(one, 0.0) != 0.0]
    said = f"{', '.join(gone)} is exactly zero: is it dropped, or detached from what it compares?"
    return Check("values of losses", not gone, said if gone else "no term is zero", "warn")


def modes_check(
    module: nn.Module, training: Mapping[str, float], evaluation: Mapping[str, float]
) -> Check:
    """Whether losses differ with dropout and batch statistics on and off, where there are any."""
    name = "losses in evaluation mode"
    kinds = (nn.modules.dropout._DropoutNd, nn.modules.batchnorm._BatchNorm)
    if not module.training:
        said = (
            "the networks are in evaluation mode while they are trained: module.train() is missing"
        )
        return Check("training mode", False, said)
    layers = (one for one in module.modules() if isinstance(one, kinds))
    acting = [one for one in layers if getattr(one, "p", None) != 0.0]
    moved = [term for term, value in training.items() if evaluation[term] != value]
    if not acting:
        return Check(name, True, "the model has no dropout and no batch statistics", "warn")
    if not moved:
        said = f"they are those of training mode, though the model has {len(acting)} layers with "
        said += "dropout or batch statistics: evaluation mode does not switch them off"
        return Check(name, False, said, "warn")
    term = max(moved, key=lambda one: abs(evaluation[one] - training[one]))
    said = (
        f"{term} {training[term]:.4g} in training mode, {evaluation[term]:.4g} in evaluation mode"
    )
    return Check(name, True, said, "warn")


def late_checks(turns: Sequence[Turn], total_steps: int) -> Iterator[Check]:
    """Weighed terms that begin after the run's last step, and so their turn: a warning."""
    late = [
        f"{turn.name}/{term} (step {start:,})"
        for turn in turns
        for term, start in turn.late_terms.items()
        if start >= total_steps and turn.weights.get(term, 0.0)
    ]
    said = (
        f"{', '.join(late)} would begin after the run's last step ({total_steps:,}): never used. "
    )
    said += "Lower the discriminator's starts_at_step, or set these weights to 0"
    if late:
        yield Check("first steps of turns", False, said, "warn")


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
