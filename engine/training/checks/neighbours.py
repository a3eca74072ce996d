"""Whether a clip's losses depend on the clip and padding beside it in a batch.

A step in several parts, or in several processes, relies on that: each term is a mean over clips or
over targets, whatever else the batch holds. Where padding is not masked, or is counted as a target,
batching changes what is trained.
"""

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor

from engine.training.checks.check import Check
from engine.training.ranks import ALONE
from engine.training.shares import part_shares
from engine.training.system import Batch, ClipSet, TrainingModule

Losses = Callable[[Batch, int], Mapping[str, float]]
"""Every loss term of a batch in evaluation mode, with random choices drawn from a seed."""

_NAME = "clips of a batch"
_TOLERANCE, _ROUNDING = 1e-3, 1e-5
"""Largest difference as a share of the term, and in its own unit."""


def neighbours_check(clips: ClipSet, module: TrainingModule, losses: Losses, seed: int) -> Check:
    """Compare the losses of two clips of different lengths in one batch with those of each alone.

    In evaluation mode; not checked where losses draw random numbers, or where a clip's entries
    depend on the other clip.
    """
    by_length = np.argsort(np.asarray(clips.lengths), kind="stable")
    if len(by_length) < 2:
        return Check(_NAME, True, "not checked: there is one clip")
    pair = [int(by_length[0]), int(by_length[-1])]
    both = clips.batch(pair, np.random.default_rng(seed))
    short = clips.batch(pair[:1], np.random.default_rng(seed))
    if not all(_begins_with(both[name][0], short[name][0]) for name in both):
        return Check(_NAME, True, "not checked: entries of a clip are drawn for the whole batch")
    together, again = losses(both, seed), losses(both, seed + 1)
    if again != together:
        return Check(_NAME, True, "not checked: losses draw random numbers in evaluation mode")
    long = {name: tensor[1:] for name, tensor in both.items()}
    apart = _added_up(module, [short, long], [losses(short, seed), losses(long, seed)])
    excess = {
        name: abs(value - together[name]) / (_TOLERANCE * abs(together[name]) + _ROUNDING)
        for name, value in apart.items()
    }
    worst = max(excess, key=lambda name: excess[name])
    said = f"{worst} of a short and a long clip is {together[worst]:.6g} in one batch and "
    said += f"{apart[worst]:.6g} where each is alone"
    if excess[worst] <= 1.0:
        return Check(_NAME, True, said)
    why = "padding, or the other clip, has an influence. Mask the padding in the network and in "
    return Check(_NAME, False, f"{said}: {why}the loss, and count each clip's own targets")


def _begins_with(longer: Tensor, shorter: Tensor) -> bool:
    """Whether two tensors agree where both have numbers."""
    if longer.dim() != shorter.dim():
        return False
    common = tuple(slice(0, min(sizes)) for sizes in zip(longer.shape, shorter.shape, strict=True))
    return torch.equal(longer[common], shorter[common])


def _added_up(
    module: TrainingModule, parts: list[Batch], losses: list[Mapping[str, float]]
) -> dict[str, float]:
    """Each term of a step of several parts, which count by their clips or by their targets."""
    shares = part_shares(module, parts, ALONE)
    return {
        name: sum(
            share.of(_term(name)) * of_part[name]
            for share, of_part in zip(shares, losses, strict=True)
        )
        for name in losses[0]
        if _term(name) != "loss"  # the weighted sum of the others
    }


def _term(name: str) -> str:
    return name.rpartition("/")[2]
