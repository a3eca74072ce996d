"""How far steps moved the weights, by groups of modules: a group that stays put is not trained."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence

import torch
from attrs import frozen
from torch import Tensor

from engine.training.checks.check import Check
from engine.training.ranks import Ranks
from engine.training.spread import local
from engine.training.system import Turn

_NUMBER = re.compile(r"(?<=\.)\d+(?=\.)")
_FIRST = 3
"""Groups that a sentence names."""
_USUAL = (1e-5, 0.1)
"""A step's update of a turn's weights, as a share of their norm: docs/truth/broken-runs.md."""

Norms = Mapping[str, tuple[float, float]]
"""Squared norms of each tensor's update and of what it was before, by name; the same share of them
in all processes."""


@frozen
class _Moved:
    """A group of tensors: how many, and norms over all of them."""

    num_tensors: int
    update: float
    before: float

    @property
    def share(self) -> float:
        return self.update / self.before if self.before else math.inf


def group_of(name: str) -> str:
    """The modules that a parameter belongs to: those of all layers alike, `h.*.attn.c_attn`."""
    return _NUMBER.sub("*", name.rpartition(".")[0] or name)


def squared_norms(turns: Sequence[Turn], before: Mapping[str, Tensor], ranks: Ranks) -> Norms:
    """How far each tensor has moved since `before` (by name). Every process calls this."""
    named = {name: local(p).detach() for turn in turns for name, p in turn.parameters.items()}
    squares = torch.stack(
        [
            torch.stack([_square(now, local(before[name])), _square(local(before[name]))])
            for name, now in named.items()
        ]
    )
    found = ranks.mean(squares).tolist()
    return {name: (update, whole) for name, (update, whole) in zip(named, found, strict=True)}


def updates_check(norms: Norms, num_steps: int) -> Check:
    """Whether every group of tensors has moved, and to finite weights.

    By group, since a single tensor may rightly stay as it is for a step: LoRA's A, while its B is
    zero.
    """
    groups = _groups(norms)
    for wrong, why in (
        ([name for name, one in groups.items() if not math.isfinite(one.update)], "not finite"),
        ([name for name, one in groups.items() if one.update == 0.0], "exactly zero"),
    ):
        if wrong:
            return Check("updates", False, _fault(wrong, groups, why, num_steps))
    by_share = sorted(groups, key=lambda name: groups[name].share)
    least_and_most = by_share[:: len(by_share) - 1 or 1]
    ends = [f"{groups[name].share:.1e} of its norm ({name})" for name in least_and_most]
    said = f"all {len(groups)} groups of modules move in {num_steps} steps, by {' to '.join(ends)}"
    return Check("updates", True, said)


def ratio_checks(turns: Sequence[Turn], norms: Norms, num_steps: int) -> Iterator[Check]:
    """Whether each turn's weights changed by a usual share of their norm in a step: a warning.

    About 1e-3 is common (Karpathy's CS231n, "Ratio of weights:updates"); adapters begin at zero and
    move further.
    """
    low, high = _USUAL
    for turn in turns:
        groups = _groups({name: norms[name] for name in turn.parameters}).values()
        norm = math.hypot(*(one.before for one in groups))
        share = math.hypot(*(one.update for one in groups)) / num_steps / norm if norm else 0.0
        said = f"a step changes the weights by {share:.1e} of their norm"
        ok = norm == 0.0 or low <= share <= high
        if not ok:
            said += f"; usual is {low:.0e} to {high:.0e}: is the learning rate right?"
        yield Check(f"ratio of updates of {turn.name}", ok, said, "warn")


def _fault(wrong: list[str], groups: Mapping[str, _Moved], why: str, num_steps: int) -> str:
    named = ", ".join(f"{name} ({groups[name].num_tensors} tensors)" for name in wrong[:_FIRST])
    more = f" and {len(wrong) - _FIRST} more groups" if len(wrong) > _FIRST else ""
    said = f"the update of {named}{more} is {why} after {num_steps} steps at the peak rate"
    if why == "not finite":
        return said
    return (
        f"{said}: no gradient reaches it, or the learning rate is too small for the weights' "
        "number format (bfloat16 resolves changes of 1/256)"
    )


def _groups(norms: Norms) -> dict[str, _Moved]:
    groups: dict[str, list[tuple[float, float]]] = {}
    for name, of_tensor in norms.items():
        groups.setdefault(group_of(name), []).append(of_tensor)
    return {
        name: _Moved(len(ones), *(math.sqrt(sum(column)) for column in zip(*ones, strict=True)))
        for name, ones in groups.items()
    }


def _square(tensor: Tensor, other: Tensor | None = None) -> Tensor:
    """Sum of squares of a tensor, or of its difference from another."""
    size: Tensor = (tensor if other is None else tensor - other).norm()
    return size.double().square()
