"""What `benchmarks.step` needs of a system: the ways of a step, and the clips they are taken on."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from attrs import field, frozen

from engine.project import Project

Batches = Sequence[Sequence[int]]
"""The clips of a round: places in the training set, batch by batch."""
Part = Callable[[Batches], None]
"""Work that is timed, for all batches of a round."""
Times = Mapping[str, Mapping[str, Sequence[float]]]
"""Seconds of each round, by part and way."""


class Training:
    """One way of training."""

    def parts(self) -> Mapping[str, Part]:
        """Parts that are timed, in the order of a round."""
        return {"step": self.steps}

    def steps(self, batches: Batches) -> None:
        """A step for every batch."""
        for batch in batches:
            self.step(batch)

    def step(self, clips: Sequence[int]) -> None:
        """A step on clips of the training set."""
        raise NotImplementedError

    def sections(self, _: Batches) -> Mapping[str, float]:
        """CPU seconds of each section of a round, of a way that knows them."""
        return {}


@frozen(kw_only=True)
class Comparison:
    """One size of one system: `comparison(size)` of a module in `benchmarks.upstream`."""

    project: Callable[[Path], Project]
    """Makes the data in a folder."""
    num_clips: int
    """At most as many as are trained on."""
    ways: Mapping[str, Callable[[Project], Training]]
    """Ways by name; the first is what the others are compared with."""
    differences: Mapping[str, Callable[[Project], Mapping[str, float]]] = field(factory=dict)
    """How far losses and gradients of a way are from the first's, by the way."""
    facts: Callable[[Project], Mapping[str, float]] = lambda _: {}
    """What else is said of the steps; `positions_per_step` makes positions a second of it."""
    batch_size: int
    num_batches: int = 1
    """Number of batches of a round."""
    units: Mapping[str, int] = field(factory=dict)
    """What a round has of a part, and what a part's milliseconds are of: steps by default."""
    composed: Callable[[Times], Times] = lambda _: {}
    """Parts that follow from those that were timed."""
    num_threads: int = 1
    clock: Literal["wall", "cpu"] = "cpu"
    """What ratios are of."""
    first_is_tuned: bool = False
    """Whether the first way also has what `cantus train` sets before torch is loaded."""
