"""One part of a turn's batch: its loss terms, weighed by the recipe and by its share of a step."""

from collections.abc import Mapping

import torch
from attrs import define, field
from torch import Tensor

from engine.errors import RefusedValuesError
from engine.training.balance import Gradients
from engine.training.shares import WHOLE, Share
from engine.training.system import Terms, Turn


@define
class Part:
    """One part of a turn's batch after its forward pass."""

    terms: Terms
    losses: Mapping[str, Tensor]
    """The part's share of each loss term of the step, weighed."""
    gradients: Gradients = field(factory=dict)
    """Gradients [clips, ...] of the terms at the generator's output, where measured."""
    loss: Tensor = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.loss = torch.stack([*self.losses.values()]).sum()

    def balance(self, gradients: Gradients) -> None:
        """Replace the gradients of these terms at the generator's output; other terms stay."""
        made = self.terms.generator_output
        assert made is not None
        others = [loss for name, loss in self.losses.items() if name not in gradients]
        pull = torch.stack([*gradients.values()]).sum(0)
        self.loss, self.gradients = (made * pull).sum() + sum(others), gradients


def weigh(turn: Turn, terms: Terms, step: int) -> Tensor:
    """The weighted sum of a turn's loss terms in the step that follows `step` finished ones.

    Raises UserError as `weighed_terms` does.
    """
    return torch.stack([*weighed_terms(turn, terms, step).values()]).sum()


def weighed_terms(turn: Turn, terms: Terms, step: int, share: Share = WHOLE) -> dict[str, Tensor]:
    """A turn's loss terms, each times its weight in that step and the part's share.

    Raises UserError where the recipe weighs a term that the module does not produce, or the
    module produces one that the recipe does not weigh.
    """
    weights = turn.weights_at(step)
    if terms.losses.keys() != weights.keys():
        missing = sorted(weights.keys() - terms.losses.keys())
        unweighed = sorted(terms.losses.keys() - weights.keys())
        raise RefusedValuesError(
            f"The loss terms of turn '{turn.name}' do not match the recipe's [losses]: "
            f"weighed there but not produced: {missing or 'none'}; produced but not weighed there: "
            f"{unweighed or 'none'}."
        )
    return {name: value * (weights[name] * share.of(name)) for name, value in terms.losses.items()}
