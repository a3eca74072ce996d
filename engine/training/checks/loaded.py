"""Whether the weights with which a run begins are those that were loaded into it."""

import math
from collections.abc import Mapping
from typing import NamedTuple

import torch
from attrs import frozen
from torch import Tensor

from engine.training.checks.check import Check

_ROUNDING = 0.01
"""Difference of norms, as a share, that another number format may make (bfloat16: 1/256)."""

_LOOKED_AT = 2**16
"""Numbers of each tensor, from its beginning: a large model takes no minutes."""


class _Print(NamedTuple):
    total: float
    norm: float
    dtype: torch.dtype


@frozen
class Loaded:
    """Weights that were loaded: a sum and a norm of each tensor of real numbers."""

    source: str
    given: Mapping[str, _Print]
    """What each tensor must be; where that is not known, what it was before."""
    is_known: bool = True

    @classmethod
    def of(cls, source: str, weights: Mapping[str, Tensor]) -> "Loaded":
        """Weights that were given by name, and must be there now."""
        return cls(source, _prints(weights))

    @classmethod
    def unlike(cls, source: str, fresh: Mapping[str, Tensor]) -> "Loaded":
        """The weights before others were loaded in another layout: some must differ now."""
        return cls(source, _prints(fresh), is_known=False)

    def check(self, weights: Mapping[str, Tensor]) -> Check:
        """Compare with the weights from which the run begins."""
        name, now = "initial weights", _prints(weights)
        same = {one for one, given in self.given.items() if _is_same(given, now[one])}
        total = len(self.given)
        if not self.is_known:
            said = f"{total - len(same)} of {total} tensors changed as {self.source} was loaded"
            if len(same) == total:
                said += ": nothing was loaded, and the run would begin with fresh weights"
            return Check(name, len(same) < total, said)
        wrong = sorted(self.given.keys() - same)
        if wrong:
            first = ", ".join(wrong[:3])
            said = f"{len(wrong)} of {total} tensors are not those of {self.source}, first {first}"
            return Check(name, False, f"{said}: they were not loaded, or were initialized again")
        return Check(name, True, f"all {total} tensors are those of {self.source}")


def _prints(weights: Mapping[str, Tensor]) -> dict[str, _Print]:
    found = {}
    for name, tensor in weights.items():
        if tensor.is_floating_point() and tensor.numel():
            there = tensor.detach().flatten()[:_LOOKED_AT].cpu().double()
            found[name] = _Print(float(there.sum()), float(there.norm()), tensor.dtype)
    return found


def _is_same(given: _Print, now: _Print) -> bool:
    if given.dtype == now.dtype:
        return given[:2] == now[:2]
    return math.isclose(given.norm, now.norm, rel_tol=_ROUNDING)
