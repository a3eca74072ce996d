"""Learning-rate schedules as pure functions of the step: nothing to save, nothing to replay."""

import math
from functools import singledispatch

from attrs import frozen

from engine.recipe.optimizers import Constant, Cosine, Exponential, MultiStep, Schedule


@frozen
class Length:
    """How long a run is: optimizer steps in all and in an epoch."""

    total_steps: int
    steps_per_epoch: int


def learning_rate(peak: float, schedule: Schedule, step: int, length: Length) -> float:
    """The rate of the step that follows `step` finished ones (the first step has step = 0)."""
    warm = warmup_steps(schedule, length)
    if step < warm:
        return peak * (step + 1) / warm
    return peak * _decay(schedule, step, length)


def warmup_steps(schedule: Schedule, length: Length) -> int:
    """Steps of the warm-up: those that the recipe gives, or their share of the run's."""
    if schedule.warmup_share is None:
        return schedule.warmup_steps
    return round(schedule.warmup_share * length.total_steps)


@singledispatch
def _decay(schedule: Schedule, step: int, length: Length) -> float:  # noqa: ARG001
    """Share of the peak after the warm-up."""
    raise AssertionError(f"no decay is written for {type(schedule).__name__}")


@_decay.register
def _(schedule: Constant, step: int, length: Length) -> float:  # noqa: ARG001
    return 1.0


@_decay.register
def _(schedule: Cosine, step: int, length: Length) -> float:
    warm = warmup_steps(schedule, length)
    span = max(1, length.total_steps - 1 - warm)
    progress = min(1.0, (step - warm) / span)
    share = 0.5 * (1.0 + math.cos(math.pi * progress))
    return schedule.final_share + (1.0 - schedule.final_share) * share


@_decay.register
def _(schedule: Exponential, step: int, length: Length) -> float:
    done = step - warmup_steps(schedule, length)
    times = done if schedule.every == "step" else done // length.steps_per_epoch
    return float(schedule.gamma**times)


@_decay.register
def _(schedule: MultiStep, step: int, length: Length) -> float:  # noqa: ARG001
    return float(schedule.gamma ** sum(step >= milestone for milestone in schedule.milestones))
