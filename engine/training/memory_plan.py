"""Which ways of training a model fit on which cards."""

from collections.abc import Mapping

from attrs import frozen

from engine.training.step_memory import StepMemory

CARDS: Mapping[str, float] = {"24 GB": 23.5, "48 GB": 47.4, "80 GB": 79.2, "141 GB": 139.8}
"""GiB that cards of these names have."""
_USABLE = 0.92
"""Of it, beside CUDA's own and what lies between tensors."""


@frozen(kw_only=True)
class Way:
    """A way of training a model, and what its parts take, in bytes."""

    name: str
    weights: int
    gradients: int
    moments: int
    """The optimizer's."""
    averages: int
    step: StepMemory

    @property
    def activations(self) -> int:
        """What forward and backward need beside weights and gradients.

        Gradients fill up while backward frees activations: of both together the larger counts.
        """
        most = max(self.step.forward, self.step.backward)
        return max(most - self.gradients, 0) if self._gradients_come_late else most

    @property
    def total(self) -> int:
        """On one card."""
        kept = self.weights + self.moments + self.averages
        return kept + self.gradients + self.activations

    def on_each_of(self, cards: int) -> int:
        """With `hardware.strategy = "shard"`: weights are whole within a step, the rest is shared.

        Of what is learned; weights that stay as they are lie whole in each.
        """
        shared = self.gradients + self.moments + self.averages + self.gradients
        return self.weights + shared // cards + self.activations

    @property
    def card(self) -> str:
        """The smallest that it fits on, or how much it lacks."""
        for name, size in CARDS.items():
            if self.total <= _USABLE * size * 2**30:
                return name
        return "several"

    @property
    def _gradients_come_late(self) -> bool:
        return False
