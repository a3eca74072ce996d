"""The learning rates of a run, printed before it: a warm-up's first rate looks like a mistake."""

from collections.abc import Sequence

from attrs import frozen

from engine.recipe.optimizers import Constant
from engine.recipe.schema import Recipe
from engine.training.schedules import Length, warmup_steps
from engine.training.step import Stepper

_LONG = 0.2
"""Share of a run's updates above which a warm-up is remarked on."""
_SPENT = 5e-3
"""Share of the peak below which a rate half-way through a run is remarked on."""


@frozen
class RatePlan:
    """The learning rate of one turn over a run."""

    turn: str
    peak: float
    total_steps: int
    warmup_steps: int
    """Warm-up steps left in this run, where a phase continues its parent's schedule."""
    rates: Sequence[tuple[int, float]]
    """(step, rate) at the first step, a tenth, the half and the end."""

    @property
    def said(self) -> str:
        """The plan in words: updates, warm-up, rates."""
        rates = ", ".join(f"{rate:.3g} at step {step:,}" for step, rate in self.rates)
        if not self.warmup_steps:
            return f"{rates}; no warm-up in {self.total_steps:,} updates"
        first = self.rates[0][1]
        return (
            f"{rates}; the first {self.warmup_steps:,} of {self.total_steps:,} updates "
            f"({self._share:.0%}) are warm-up, from {first:.3g} to the peak of {self.peak:.3g}"
        )

    @property
    def remark(self) -> str | None:
        """A remark on a long warm-up, or on a decay that ends learning early; or None."""
        step, middle = self.rates[len(self.rates) // 2]
        if middle < _SPENT * self.peak and step > self.warmup_steps:
            return (
                f"half-way through the run the learning rate of {self.turn} is {middle:.2g}, less "
                f"than {_SPENT:g} of its peak: a decay by steps where epochs are meant? The rest "
                "of the run learns nothing"
            )
        if self._share <= _LONG:
            return None
        return (
            f"the warm-up of {self.turn} takes {self.warmup_steps:,} of {self.total_steps:,} "
            f"updates ({self._share:.0%}), more than {_LONG:.0%}: much of the run learns at low "
            "rates. Shorten the warm-up, or train longer"
        )

    @property
    def _share(self) -> float:
        return self.warmup_steps / self.total_steps


def rate_plans(stepper: Stepper, recipe: Recipe, length: Length) -> list[RatePlan]:
    """The plan of every turn."""
    last = length.total_steps - 1
    moments = sorted({0, last // 10, last // 2, last})
    rates = {step + 1: stepper.learning_rates(step) for step in moments}
    return [
        RatePlan(
            turn,
            recipe.optimizer[turn].learning_rate,
            length.total_steps,
            _warmup(stepper, recipe, turn),
            [(step, by_turn[turn]) for step, by_turn in rates.items()],
        )
        for turn in rates[1]
    ]


def _warmup(stepper: Stepper, recipe: Recipe, turn: str) -> int:
    schedule = recipe.schedule.get(turn, Constant())
    return max(0, warmup_steps(schedule, stepper.schedule_length) - stepper.schedule_from)
