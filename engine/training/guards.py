"""Guards: what a run does not tolerate. They watch metrics as they are logged.

Two need no recipe: a training loss must be a finite number, and every parameter must get a
gradient.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import asdict, define, field, frozen

from engine.recipe.judgement import Guard, NamedGuard, guards_on
from engine.recipe.judgement import Guards as GuardTable
from engine.training.model_selection import PerClip, Score, SelectionRule
from engine.training.state import Saved, as_arrays, as_tensors

LOSS = "train/loss"
"""The metric that must be finite."""
GRADIENTS = "gradients"
"""What the guard over gradients is called."""
_STEPS_TO_CONNECT = 6
"""Preflight gives a parameter as many: of fresh adapters one factor has no gradient at first."""


@frozen
class Breach:
    """A guard that does not hold, and on which figures."""

    name: str
    metric: str
    value: float | None
    condition: str
    action: str
    because: str
    step: int

    @property
    def facts(self) -> dict[str, Any]:
        """What the event of the breach holds."""
        facts = asdict(self)
        del facts["step"]  # every event has its own
        return facts

    def sentence(self) -> str:
        """The breach in words."""
        return f"guard at step {self.step}: {self.finding}"

    @property
    def finding(self) -> str:
        """The same without the moment: what was found, what must hold, and why."""
        value = "no number" if self.value is None else f"{self.value:.6g}"
        text = f"{self.metric} is {value}, but {self.condition}"
        return f"{text} ({self.because})" if self.because else text


@frozen
class Moment:
    """When metrics were taken: optimizer steps and epochs done."""

    step: int
    epoch: float


@define
class _Memory:
    """What one guard must remember from one look to the next."""

    done: bool = False
    best: Score | None = None
    history: list[tuple[int, float]] = field(factory=list)
    other_history: list[tuple[int, float]] = field(factory=list)


class Guards:
    """All guards of a recipe, over one run. `best` is how the run's evaluations are compared."""

    def __init__(self, guards: GuardTable, best: SelectionRule) -> None:
        self._guards = [*guards_on(guards)]
        self._selections = {
            on.name: _selection(on, best) for on in self._guards if on.guard.plateau_steps
        }
        self._memory = {on.name: _Memory() for on in self._guards}

    def watch(
        self, metrics: Mapping[str, float], moment: Moment, per_clip: PerClip | None = None
    ) -> list[Breach]:
        """The guards that the new metrics break. Call it with each metric once per logging.

        `per_clip` holds the figures of an evaluation, as `Evaluated` does.
        """
        looks = (self._look(on, metrics, moment, per_clip or {}) for on in self._guards)
        return [breach for breach in (_not_finite(metrics, moment), *looks) if breach]

    def already_violated(self, metrics: Mapping[str, float]) -> list[Breach]:
        """The bounds, watched from the start on, that a run's initial weights violate already.

        Nothing is remembered of it.
        """
        found, moment = [], Moment(0, 0.0)
        for on in self._guards:
            guard, bounds = on.guard, (on.guard.below, on.guard.above, on.guard.between)
            if on.metric not in metrics or guard.at != "always" or bounds == (None,) * 3:
                continue
            said = _broken(guard, _Memory(), metrics[on.metric], moment)
            found += [_breach(on, metrics[on.metric], said, moment)] if said else []
        return found

    def watch_gradients(self, silent: Sequence[str], moment: Moment) -> list[Breach]:
        """Breaches by parameters that got no gradient since the last look (`silent`, by name)."""
        if not silent or moment.step < _STEPS_TO_CONNECT:
            return []
        metric = f"the gradient of {silent[0]}{_and_more(silent)}"
        said = "every parameter must get a gradient"
        because = "a trainable tensor without gradient is not connected to the loss"
        return [Breach(GRADIENTS, metric, 0.0, said, "stop", because, moment.step)]

    def state(self) -> Saved:
        """What is remembered, by guard: plain values, and figures of each clip."""
        plain = {
            name: [m.done, m.best and [m.best.step, m.best.value], m.history, m.other_history]
            for name, m in self._memory.items()
        }
        bests = {name: m.best for name, m in self._memory.items() if m.best}
        return Saved(plain, {name: as_tensors(best.per_clip) for name, best in bests.items()})

    def load(self, saved: Saved) -> None:
        """Take over saved state; a guard added since then starts afresh."""
        for name, (done, best, history, other) in saved.plain.items():
            if name in self._memory:
                pairs = [(step, value) for step, value in history]
                others = [(step, value) for step, value in other]
                per_clip = as_arrays(saved.tensors.get(name, {}))
                score = best and Score(best[0], best[1], per_clip)
                self._memory[name] = _Memory(done, score, pairs, others)

    def _look(
        self,
        on: NamedGuard,
        metrics: Mapping[str, float],
        moment: Moment,
        per_clip: PerClip,
    ) -> Breach | None:
        memory, metric, guard = self._memory[on.name], on.metric, on.guard
        if guard.gap is not None and guard.gap in metrics:
            memory.other_history.append((moment.step, metrics[guard.gap]))
        if metric not in metrics or memory.done or not _due(guard.at, moment):
            return None
        memory.done = guard.at.startswith(("epoch:", "step:"))
        value = metrics[metric]
        if guard.plateau_steps is not None:
            short = metric.partition("/")[2]
            own = {short: per_clip[short]} if short in per_clip else {}
            new = Score(moment.step, value, own)
            said = _plateau(guard.plateau_steps, memory, self._selections[on.name], new)
        else:
            said = _broken(guard, memory, value, moment)
        return _breach(on, value, said, moment) if said else None


def _not_finite(metrics: Mapping[str, float], moment: Moment) -> Breach | None:
    if math.isfinite(metrics.get(LOSS, 0.0)):
        return None
    because = "a loss that is not finite never recovers"
    return Breach(LOSS, LOSS, None, "it must be a finite number", "stop", because, moment.step)


def _selection(on: NamedGuard, best: SelectionRule) -> SelectionRule:
    """How a plateau is told: the better side is the guard's own, or that of the run's best."""
    if on.guard.best_is is None and on.metric == best.metric:
        return best
    return SelectionRule(on.metric, on.guard.best_is != "highest", best.paired)


def _due(at: str, moment: Moment) -> bool:
    if at == "always":
        return True
    unit, _, number = at.removeprefix("from ").partition(":")
    return (moment.epoch if unit == "epoch" else moment.step) >= int(number)


def _broken(guard: Guard, memory: _Memory, value: float, moment: Moment) -> str | None:
    """The condition in words where it does not hold."""
    if guard.below is not None:
        return None if value < guard.below else f"it must be below {guard.below:g}"
    if guard.above is not None:
        return None if value > guard.above else f"it must be above {guard.above:g}"
    if guard.between is not None:
        low, high = guard.between
        return None if low <= value <= high else f"it must lie between {low:g} and {high:g}"
    assert guard.gap_steps is not None, "the recipe's checks demand exactly one condition"
    return _gap(guard, memory, value, moment)


def _plateau(steps: int, memory: _Memory, selection: SelectionRule, new: Score) -> str | None:
    if memory.best is None or selection.is_better(new, memory.best):
        memory.best = new
        return None
    if new.step - memory.best.step < steps:
        return None
    difference = selection.difference(new, memory.best)
    told = f"; since then {difference.sentence(lowest=selection.lowest)}" if difference else ""
    best = "lowest" if selection.lowest else "highest"
    return (
        f"it must reach a new {best} value within {steps} steps; the {best}, "
        f"{memory.best.value:.6g}, was at step {memory.best.step}{told}"
    )


def _gap(guard: Guard, memory: _Memory, value: float, moment: Moment) -> str | None:
    assert guard.gap_steps is not None
    memory.history.append((moment.step, value))
    start = moment.step - guard.gap_steps
    if memory.history[0][0] > start:
        return None
    rises = value > _value_at(memory.history, start)
    trained = memory.other_history
    falls = bool(trained) and trained[-1][1] < _value_at(trained, start)
    if not (rises and falls):
        return None
    return f"it must not rise over {guard.gap_steps} steps while {guard.gap} falls"


def _value_at(history: Sequence[tuple[int, float]], step: int) -> float:
    return [value for at, value in history if at <= step or at == history[0][0]][-1]


def _breach(on: NamedGuard, value: float, said: str, moment: Moment) -> Breach:
    known, guard = value if math.isfinite(value) else None, on.guard
    return Breach(on.name, on.metric, known, said, guard.action, guard.because, moment.step)


def _and_more(names: Sequence[str]) -> str:
    return f" (and of {len(names) - 1} more)" if len(names) > 1 else ""
