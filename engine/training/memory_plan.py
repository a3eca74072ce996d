"""Which ways of training a model fit on which cards."""

from collections.abc import Iterator, Mapping, Sequence

from attrs import frozen

from engine.training.step_memory import StepMemory

CARDS: Mapping[str, float] = {"24 GB": 23.5, "48 GB": 47.4, "80 GB": 79.2, "141 GB": 139.8}
"""GiB that cards of these names have."""
_USABLE = 0.92
"""Of it: the rest is CUDA's own, and what lies between tensors."""


@frozen(kw_only=True)
class Way:
    """A way of training a model, and what its parts take on one card, in bytes."""

    name: str
    frozen: int
    """Weights that stay as they are."""
    learned: int
    """Weights that are learned."""
    gradients: int
    moments: int
    """The optimizer's."""
    averages: int
    step: StepMemory

    @property
    def total(self) -> int:
        """The most of a step, at most.

        All gradients are there from its start on: where it has several parts, those of the first.
        """
        rest = self.frozen + self.learned + self.gradients + self.moments + self.averages
        return rest + self.activations

    @property
    def activations(self) -> int:
        """What forward and backward add to all the rest."""
        return max(self.step.forward, self.step.backward)

    def on_each_of(self, cards: int) -> int:
        """With `hardware.strategy = "shard"`.

        What is learned lies whole in each card within a step, and so does what is frozen.
        """
        shared = self.learned + self.gradients + self.moments + self.averages
        return self.frozen + self.learned + self.gradients + self.activations + shared // cards


def table(ways: Sequence[Way]) -> Iterator[str]:
    """A line for each way, in GiB, with the smallest card; and for each of 8 that shard."""
    parts = ("frozen", "learned", "gradients", "moments", "averages", "activations", "total")
    yield f"{'':<32}" + "".join(f"{part:>12}" for part in (*parts, "card", "each of 8", "card"))
    for way in ways:
        sizes = [f"{getattr(way, part) / 2**30:.1f}" for part in parts]
        each = way.on_each_of(8)
        cells = [*sizes, card_for(way.total), f"{each / 2**30:.1f}", card_for(each)]
        yield f"{way.name:<32}" + "".join(f"{cell:>12}" for cell in cells)


def card_for(num_bytes: int) -> str:
    """The smallest card that has so much."""
    for name, size in CARDS.items():
        if num_bytes <= _USABLE * size * 2**30:
            return name
    return "none"
