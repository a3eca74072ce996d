"""Which ways of training a model fit on which GPUs."""

from collections.abc import Iterator, Mapping, Sequence

from attrs import frozen

from engine.training.step_memory import StepMemory

CARDS: Mapping[str, float] = {"24 GB": 23.5, "48 GB": 47.4, "80 GB": 79.2, "141 GB": 139.8}
"""Memory of GPUs by their nominal size, in GiB."""
_USABLE = 0.92
"""Usable share of that memory: the rest is CUDA's own, or lost between tensors."""


@frozen(kw_only=True)
class Way:
    """A way of training a model, and the memory of its parts on one GPU, in bytes."""

    name: str
    frozen: int
    """Weights that are not trained."""
    learned: int
    """Weights that are trained."""
    gradients: int
    moments: int
    """The optimizer's moments."""
    averages: int
    step: StepMemory

    @property
    def total(self) -> int:
        """An upper bound on the peak of a step.

        All gradients are counted from the start of the step: where it has several parts, those of
        the first.
        """
        rest = self.frozen + self.learned + self.gradients + self.moments + self.averages
        return rest + self.activations

    @property
    def activations(self) -> int:
        """Memory that forward and backward add to everything else."""
        return max(self.step.forward, self.step.backward)

    def on_each_of(self, cards: int) -> int:
        """Peak memory on each of several GPUs with `hardware.strategy = "shard"`.

        Within a step each GPU holds the trained weights whole, and the frozen ones.
        """
        shared = self.learned + self.gradients + self.moments + self.averages
        return self.frozen + self.learned + self.gradients + self.activations + shared // cards


def table(ways: Sequence[Way]) -> Iterator[str]:
    """A line for each way, in GiB, with the smallest GPU: alone, and as one of 8 that shard."""
    parts = ("frozen", "learned", "gradients", "moments", "averages", "activations", "total")
    yield f"{'':<32}" + "".join(f"{part:>12}" for part in (*parts, "card", "each of 8", "card"))
    for way in ways:
        sizes = [f"{getattr(way, part) / 2**30:.1f}" for part in parts]
        each = way.on_each_of(8)
        cells = [*sizes, card_for(way.total), f"{each / 2**30:.1f}", card_for(each)]
        yield f"{way.name:<32}" + "".join(f"{cell:>12}" for cell in cells)


def card_for(num_bytes: int) -> str:
    """The smallest GPU with so much memory."""
    for name, size in CARDS.items():
        if num_bytes <= _USABLE * size * 2**30:
            return name
    return "none"
