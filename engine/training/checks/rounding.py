"""Whether steps change the weights at all: small updates of bfloat16 weights round to nothing.

bfloat16 resolves changes of 1/256 of a weight, and a usual step changes it by 1/1000. Weights that
are converted after each step, or kept in float32 but filled from a bfloat16 copy, lose most of
their updates, although a few weights near zero still move.
"""

from collections.abc import Iterator, Sequence

import torch
from attrs import define, field
from torch import Tensor

from engine.training.checks.check import Check
from engine.training.ranks import Ranks
from engine.training.spread import local
from engine.training.system import Turn

_WEIGHTS = 1024
"""Weights of each tensor that are looked at, at equal distances."""
_MOST_LOST = 0.1
"""Share of weights that a step leaves as they were, of those with a typical gradient: docs/truth/
broken-runs.md, "Probes"."""


@define
class Rounding:
    """Counts, over some steps, the weights that do not change although they have a gradient."""

    _before: dict[str, Tensor] = field(factory=dict)
    _counts: dict[str, tuple[int, int]] = field(factory=dict)
    """By turn: weights that did not change, and weights that were looked at."""

    def before_step(self, turns: Sequence[Turn]) -> None:
        """Keep some weights of the turns of float32 that are due."""
        self._before = {
            name: _some(parameter).clone()
            for turn in turns
            for name, parameter in turn.parameters.items()
            if parameter.dtype == torch.float32
        }

    def after_step(self, turns: Sequence[Turn]) -> None:
        """Count the weights of these turns that are as they were."""
        for turn in turns:
            counted = [
                _lost(self._before[name], _some(parameter), _some(parameter.grad))
                for name, parameter in turn.parameters.items()
                if name in self._before and parameter.grad is not None
            ]
            if counted:
                lost, of = torch.stack(counted).sum(0).tolist()
                earlier, of_earlier = self._counts.get(turn.name, (0, 0))
                self._counts[turn.name] = (earlier + lost, of_earlier + of)

    def checks(self, turns: Sequence[Turn], ranks: Ranks) -> Iterator[Check]:
        """A check of each turn. Every process calls this."""
        device = local(next(iter(turns[0].parameters.values()))).device
        here = [self._counts.get(turn.name, (0, 0)) for turn in turns]
        shares = ranks.mean(torch.tensor(here, dtype=torch.float32, device=device)).tolist()
        for turn, (lost, of) in zip(turns, shares, strict=True):
            if of:
                yield _check(turn.name, lost / of)


def _check(turn: str, share: float) -> Check:
    name = f"rounding of updates of {turn}"
    said = f"a step leaves {share:.0%} of the weights that have a gradient as they were"
    if share <= _MOST_LOST:
        return Check(name, True, said)
    why = (
        "their updates are lost in rounding. Are the weights held in bfloat16, which resolves "
        "changes of 1/256? Keep them in float32, or raise the learning rate"
    )
    return Check(name, False, f"{said}: {why}")


def _some(tensor: Tensor) -> Tensor:
    flat = local(tensor).detach().flatten()
    return flat[:: max(1, len(flat) // _WEIGHTS)]


def _lost(before: Tensor, now: Tensor, gradient: Tensor) -> Tensor:
    """How many weights did not change, and how many were looked at.

    These are the ones whose gradient is at least the tensor's median, since a gradient of almost
    zero rightly changes nothing.
    """
    size = gradient.abs()
    usual = (size > 0.0) & (size >= size.median()) if len(size) else size > 0.0
    return torch.stack([(usual & (now == before)).sum(), usual.sum()])
