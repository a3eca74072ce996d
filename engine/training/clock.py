"""When things happen: 'epoch:N' and 'step:N' as steps."""

from attrs import frozen

from engine.recipe.training import Training
from engine.training.schedules import Length


@frozen
class Clock:
    """Turns the recipe's intervals into steps."""

    length: Length

    @classmethod
    def of(cls, training: Training, steps_per_epoch: int) -> "Clock":
        """The clock of a run whose epoch has so many steps."""
        if training.steps is not None:
            return cls(Length(training.steps, steps_per_epoch))
        assert training.epochs is not None, "the recipe's checks demand epochs or steps"
        return cls(Length(training.epochs * steps_per_epoch, steps_per_epoch))

    def epoch(self, step: int) -> float:
        """Epochs done after `step` steps, with their fraction."""
        return step / self.length.steps_per_epoch

    def is_due(self, interval: str, step: int) -> bool:
        """Whether an interval ends with the step that makes `step` finished ones."""
        unit, _, number = interval.partition(":")
        every = int(number) * (self.length.steps_per_epoch if unit == "epoch" else 1)
        return step % every == 0
