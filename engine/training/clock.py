"""The position of a run, and its intervals: 'epoch:N' and 'step:N' as steps."""

from attrs import define, frozen

from engine.recipe.training import Training
from engine.training.schedules import Length
from engine.training.state import Saved


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

    def times_due(self, interval: str) -> int:
        """How many times an interval is due in the run."""
        return sum(self.is_due(interval, step) for step in range(1, self.length.total_steps + 1))

    def evaluates(self, training: Training, step: int) -> bool:
        """Whether a run evaluates after `step` steps."""
        return step == self.length.total_steps or self.is_due(training.evaluate_every, step)

    def num_evaluations(self, training: Training) -> int:
        """Evaluations in a run: at the end of each interval, and always after the last step."""
        every = training.evaluate_every
        return self.times_due(every) + (not self.is_due(every, self.length.total_steps))


@define
class Position:
    """Finished steps of a run, and of a parent whose schedules and order of clips it continues."""

    step: int = 0
    """Finished steps of the run itself."""
    schedule_from: int = 0
    """Finished steps of a parent whose schedules are continued."""
    data_from: int = 0
    """Finished steps of a parent whose order of clips is continued."""
    is_between: bool = False
    """Whether what is due after the last step, an evaluation first of all, is still to be done."""

    def state(self) -> Saved:
        """The three places, each counted from the very beginning, and `is_between`."""
        of_schedule, of_data = self.schedule_from + self.step, self.data_from + self.step
        places = {"step": self.step, "schedule_step": of_schedule, "data_step": of_data}
        places["is_between"] = self.is_between
        return Saved(plain=places)

    def load(self, saved: Saved) -> None:
        """Continue from saved positions."""
        self.step = saved.plain["step"]
        self.schedule_from = saved.plain["schedule_step"] - self.step
        self.data_from = saved.plain["data_step"] - self.step
        self.is_between = saved.plain.get("is_between", False)  # older checkpoints lack it
