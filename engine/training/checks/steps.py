"""What a few steps on one batch show of the code that does them: its gradients and its rates."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from engine.training.checks.check import Check
from engine.training.ranks import Ranks
from engine.training.spread import local
from engine.training.system import Turn

_MOST_GROWTH = 1.05
"""A step from the same weights has the same gradient. Gradients that are not cleared are twice it,
or, where the first ones were clipped, a little more."""
_LEAST_SIZE, _MOST_SIZE = 0.02, 20.0
"""Largest change of a weight in a step of Adam, in learning rates: it is about 1."""

Norms = Mapping[str, float]
"""Norms of the gradients of a step, by turn."""


def gradient_check(silent: set[str], broken: set[str], num_steps: int) -> Check:
    """Whether every tensor got a gradient, and a finite one."""
    if broken:
        detail = f"not finite for {_list(broken)}"
        return Check("gradients", False, detail)
    if silent:
        return Check("gradients", False, f"none in {num_steps} steps for {_list(silent)}")
    return Check("gradients", True, "finite and present for every trainable tensor")


def repeated_check(first: Mapping[str, float], second: Mapping[str, float]) -> Check:
    """Whether a step that is done again from the same weights has a gradient of the same norm."""
    name, norms = "gradients of a step", "train/gradient_norm/"
    both = [one for one in first if one.startswith(norms) and one in second and first[one] > 0.0]
    growth = {one.removeprefix(norms): second[one] / first[one] for one in both}
    for turn, times in growth.items():
        if times > _MOST_GROWTH:
            said = f"done again from the same weights, a step of {turn} has {times:.2f} times the "
            said += "gradient: gradients are not cleared between steps, and add up"
            return Check(name, False, said)
    said = ", ".join(f"{turn} {times:.3g}" for turn, times in growth.items())
    return Check(name, True, f"done again, a step has the same gradient (ratio of norms: {said})")


def parts_check(whole: Norms, again: Norms, parts: Norms) -> Check:
    """Whether a step in two parts has the gradient of the same clips at once, of each turn.

    `again` is the whole once more with other random choices: where it differs from `whole`, nothing
    can be said.
    """
    name = "parts of a step"
    if again != whole:
        return Check(name, True, "not checked: losses draw random numbers in evaluation mode")
    ratios = {turn: parts[turn] / norm for turn, norm in whole.items() if norm > 0.0}
    said = ", ".join(f"{turn} {ratio:.3g}" for turn, ratio in ratios.items())
    said = f"in two parts a step has so many times the gradient of the same clips at once: {said}"
    if all(1 / _MOST_GROWTH <= ratio <= _MOST_GROWTH for ratio in ratios.values()):
        return Check(name, True, said)
    why = "Gradients of micro-batches are cleared before the last one, or are not divided"
    return Check(name, False, f"{said}. {why}")


def size_check(turn: Turn, before: Mapping[str, Tensor], rate: float, ranks: Ranks) -> Check:
    """Whether one step moved the weights as far as its rate says (Kingma and Ba, 2015, 2.1).

    Each tensor counts by its largest change. Too little is what even the tensor that moved most
    falls short of, since others may have no gradient yet, such as those before an output layer of
    zeros. Too much is what half of the tensors exceed, since codes that are replaced move further.
    Only float32 weights show it. Every process calls this.
    """
    name = f"size of updates of {turn.name}"
    moved = [
        (local(p).detach() - local(before[n])).abs().amax()
        for n, p in turn.parameters.items()
        if p.dtype == torch.float32 and local(p).numel()
    ]
    device = local(next(iter(turn.parameters.values()))).device
    both = torch.stack(moved) if moved else torch.zeros(1, device=device)
    here = torch.tensor([float(both.median()), float(both.max()), float(bool(moved))])
    *sizes, share = ranks.mean(here.to(both)).tolist()  # a process may hold no part of the turn
    if not share or rate <= 0.0:
        return Check(name, True, "not checked: it has no weights of float32 at a positive rate")
    typical, most = (size / share for size in sizes)
    if most == 0.0 or not math.isfinite(most):
        return Check(name, True, "not checked: see gradients and updates")
    said = f"{most / rate:.2g} of the learning rate in a step where most, typically "
    said += f"{typical / rate:.2g}"
    if most / rate >= _LEAST_SIZE and typical / rate <= _MOST_SIZE:
        return Check(name, True, said)
    where = "below" if most / rate < _LEAST_SIZE else "above"
    why = f"far {where} 1, as Adam's is: the optimizer does not use the recipe's rate of {rate:.3g}"
    return Check(name, False, f"{said}: {why}")


def _list(names: set[str]) -> str:
    first = sorted(names)[:3]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(first) + more
