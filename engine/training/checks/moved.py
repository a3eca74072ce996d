"""Whether weights, and their averages, have moved since a run began or was resumed.

Preflight's steps show that the code of a step trains every tensor. A turn that never has a share in
the run's own steps, or an average that is never updated, shows only later.
"""

from collections.abc import Iterator, Mapping, Sequence

import torch
from attrs import define, field
from torch import Tensor

from engine.training.average import AverageWeights
from engine.training.checks.check import Check
from engine.training.checks.updates import group_of
from engine.training.ranks import Ranks
from engine.training.spread import local
from engine.training.system import Turn

Sums = Mapping[str, float]


@define
class Moved:
    """Remembers a sum of each tensor, which another tensor hardly has."""

    turns: Sequence[Turn]
    average: AverageWeights | None
    ranks: Ranks
    _begun: int = field(init=False, default=0)
    """Finished steps when the sums were remembered."""
    _then: tuple[Sums, Sums] = field(init=False, default=({}, {}))

    def begin(self, step: int) -> None:
        """Remember the weights after `step` finished steps. Every process calls this."""
        self._begun, self._then = step, self._sums()

    def checks(self, step: int) -> Iterator[Check]:
        """A check of each turn that had a share in a step since `begin`, and of averages.

        `step` is the number of finished steps. Every process calls this.
        """
        (before, averaged), (now, averages) = self._then, self._sums()
        moved = {name for name, one in now.items() if one != before[name]}
        for turn in self.turns:
            if any(turn.is_due(past) for past in range(self._begun, step)):
                yield _turn_check(turn, moved, self._begun + 1)
        behind = averaged.keys() & moved
        if behind:
            still = all(averages[name] == averaged[name] for name in behind)
            said = "the averaged weights follow the trained ones"
            if still:
                said = f"none of {len(behind)} averages has moved, though their weights have: they "
                said += "are never updated, and the run would export its initial weights"
            yield Check("averaged weights", not still, said)

    def _sums(self) -> tuple[Sums, Sums]:
        live = {name: p for turn in self.turns for name, p in turn.parameters.items()}
        averages = {} if self.average is None else self.average.weights
        return self._of(live), self._of(averages)

    @torch.no_grad()
    def _of(self, tensors: Mapping[str, Tensor]) -> Sums:
        if not tensors:
            return {}
        found = [local(one).sum(dtype=torch.float64) for one in tensors.values()]
        sums = self.ranks.mean(torch.stack(found)).tolist()
        return dict(zip(tensors, sums, strict=True))


def _turn_check(turn: Turn, moved: set[str], first: int) -> Check:
    name, since = f"weights of {turn.name}", f"since step {first}"
    still = [one for one in turn.parameters if one not in moved]
    if not still:
        return Check(name, True, f"all {len(turn.parameters)} tensors have moved {since}")
    if len(still) == len(turn.parameters):
        said = f"none of its {len(still)} tensors has moved {since}: this turn does not train"
        return Check(name, False, said)
    groups = sorted({group_of(one) for one in still} - {group_of(one) for one in moved})
    if not groups:
        return Check(name, True, f"all groups of modules have moved ({len(still)} tensors not)")
    said = f"{', '.join(groups[:3])} ({len(groups)} groups of modules) have not moved {since}"
    return Check(name, False, said, "warn")
