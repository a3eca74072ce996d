"""What systems share whose discriminators may begin late."""

from collections.abc import Iterable
from typing import Protocol

from engine.errors import RefusedValuesError
from engine.recipe.training import Training


class AdversarialRecipe(Protocol):
    """A recipe with discriminators."""

    @property
    def training(self) -> Training:
        """The recipe's table `training`."""

    def premature_guards(self, steps_per_epoch: int | None) -> Iterable[tuple[str, str]]:
        """Guards that would judge discriminators too early: key path and fault."""


def require_timely_guards(recipe: AdversarialRecipe, num_train_clips: int) -> None:
    """Raise UserError for a guard that would judge discriminators before they have learned."""
    steps_per_epoch = -(-num_train_clips // recipe.training.batch_size)
    for path, fault in recipe.premature_guards(steps_per_epoch):
        raise RefusedValuesError(f"{path}: {fault} ({steps_per_epoch} steps are an epoch).")
