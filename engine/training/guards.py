"""Guards: conditions on metrics, checked as these are logged, that stop a run or warn.

Two guards need no recipe: a training loss must be a finite number, and every parameter must get a
gradient.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import asdict, define, evolve, field, frozen

from engine.recipe.judgement import Guard, NamedGuard, guards_on
from engine.recipe.judgement import Guards as GuardTable
from engine.training.evaluation_history import EvaluationHistory
from engine.training.model_selection import PerClip, Score, SelectionRule
from engine.training.state import Saved

LOSS = "train/loss"
"""The metric that must be finite."""
GRADIENTS = "gradients"
"""The name of the guard over gradients."""
_STEPS_TO_CONNECT = 6
"""Steps until a gradient is required, as in preflight: one factor of new adapters has none."""


@frozen
class Breach:
    """A violated guard, and the figures that violate it."""

    name: str
    metric: str
    value: float | None
    condition: str
    action: str
    because: str
    step: int

    @property
    def facts(self) -> dict[str, Any]:
        """Plain values for the event of the breach."""
        facts = asdict(self)
        del facts["step"]  # every event has a step of its own
        return facts

    def sentence(self) -> str:
        """The breach in words."""
        return f"guard at step {self.step}: {self.finding}"

    @property
    def finding(self) -> str:
        """The breach without its step: the value, the condition, and why it matters."""
        value = "not finite" if self.value is None else f"{self.value:.6g}"
        text = f"{self.metric} is {value}, but {self.condition}"
        return f"{text} ({self.because})" if self.because else text

    @property
    def warning(self) -> str:
        """The breach as a warning about the initial weights, before the guard first fires."""
        then = "stop the run" if self.action == "stop" else "warn"
        return (
            f"the initial weights already violate a guard: {self.finding}. The guard will {then} "
            "at the first evaluation unless the metric improves: change the guard's limit, or "
            "start from other weights"
        )


@frozen
class Moment:
    """When metrics were taken: optimizer steps and epochs done."""

    step: int
    epoch: float


@define
class _Memory:
    """The memory of one guard from one logging to the next."""

    done: bool = False
    history: EvaluationHistory = field(factory=EvaluationHistory)


class Guards:
    """All guards of a recipe, over one run. `best` compares the run's evaluations."""

    def __init__(self, guards: GuardTable, best: SelectionRule) -> None:
        self._guards = [*guards_on(guards)]
        self._selections = {on.name: _selection(on, best) for on in self._guards}
        self._memory = {on.name: _Memory() for on in self._guards}

    def watch(
        self, metrics: Mapping[str, float], moment: Moment, per_clip: PerClip | None = None
    ) -> list[Breach]:
        """Breaches of guards by the new metrics. Call it with each metric once per logging.

        `per_clip` holds the figures of an evaluation, as `Evaluated` does.
        """
        looks = (self._look(on, metrics, moment, per_clip or {}) for on in self._guards)
        return [breach for breach in (_not_finite(metrics, moment), *looks) if breach]

    def already_violated(self, metrics: Mapping[str, float]) -> list[Breach]:
        """Breaches, by a run's initial weights, of bounds that hold from the start.

        Nothing is remembered of them.
        """
        found, moment = [], Moment(0, 0.0)
        for on in self._guards:
            guard, bounds = on.guard, (on.guard.below, on.guard.above, on.guard.between)
            if on.metric not in metrics or guard.at != "always" or bounds == (None,) * 3:
                continue
            said = _broken(guard, metrics[on.metric])
            found += [_breach(on, metrics[on.metric], said, moment)] if said else []
        return found

    def watch_gradients(self, silent: Sequence[str], moment: Moment) -> list[Breach]:
        """Breaches by parameters that got no gradient since the last call (`silent`, by name)."""
        if not silent or moment.step < _STEPS_TO_CONNECT:
            return []
        metric = f"the gradient of {silent[0]}{_and_more(silent)}"
        said = "every parameter must get a gradient"
        because = "a trainable tensor without a gradient is not connected to the loss"
        return [Breach(GRADIENTS, metric, 0.0, said, "stop", because, moment.step)]

    def state(self) -> Saved:
        """The memory of each guard: plain values, and figures of each clip."""
        saved = {
            name: (memory.done, memory.history.state()) for name, memory in self._memory.items()
        }
        return Saved(
            {name: [done, history.plain] for name, (done, history) in saved.items()},
            {name: history.tensors for name, (_, history) in saved.items() if history.tensors},
        )

    def load(self, saved: Saved) -> None:
        """Take over saved state; a guard that was added since has an empty memory."""
        for name, memory in self._memory.items():
            if name in saved.plain:
                memory.done, history = saved.plain[name]
                figures = saved.tensors.get(name, {})
                memory.history.load(history, figures, self._selections[name])

    def _look(
        self,
        on: NamedGuard,
        metrics: Mapping[str, float],
        moment: Moment,
        per_clip: PerClip,
    ) -> Breach | None:
        memory, metric, guard = self._memory[on.name], on.metric, on.guard
        if guard.gap is not None and guard.gap in metrics:
            memory.history.trained.append((moment.step, metrics[guard.gap]))
        if metric not in metrics or memory.done or not _due(guard.at, moment):
            return None
        memory.done = guard.at.startswith(("epoch:", "step:"))
        value = metrics[metric]
        if guard.plateau_steps is not None or guard.gap_steps is not None:
            new = Score(moment.step, value, per_clip)
            said = memory.history.look(guard, self._selections[on.name], new)
        else:
            said = _broken(guard, value)
        return _breach(on, value, said, moment) if said else None


def _not_finite(metrics: Mapping[str, float], moment: Moment) -> Breach | None:
    if math.isfinite(metrics.get(LOSS, 0.0)):
        return None
    because = "a loss that is not finite never recovers"
    return Breach(LOSS, LOSS, None, "it must be a finite number", "stop", because, moment.step)


def _selection(on: NamedGuard, best: SelectionRule) -> SelectionRule:
    """How a plateau is measured: in the guard's own direction, or that of the run's best."""
    if on.guard.best_is is None and on.metric == best.metric:
        return best
    return evolve(best, metric=on.metric, lowest=on.guard.best_is != "highest")


def _due(at: str, moment: Moment) -> bool:
    if at == "always":
        return True
    unit, _, number = at.removeprefix("from ").partition(":")
    return (moment.epoch if unit == "epoch" else moment.step) >= int(number)


def _broken(guard: Guard, value: float) -> str | None:
    """The condition in words where it does not hold."""
    if guard.below is not None:
        return None if value < guard.below else f"it must be below {guard.below:g}"
    if guard.above is not None:
        return None if value > guard.above else f"it must be above {guard.above:g}"
    assert guard.between is not None, "the recipe's checks demand exactly one condition"
    low, high = guard.between
    return None if low <= value <= high else f"it must lie between {low:g} and {high:g}"


def _breach(on: NamedGuard, value: float, said: str, moment: Moment) -> Breach:
    known, guard = value if math.isfinite(value) else None, on.guard
    return Breach(on.name, on.metric, known, said, guard.action, guard.because, moment.step)


def _and_more(names: Sequence[str]) -> str:
    return f" (and of {len(names) - 1} more)" if len(names) > 1 else ""
