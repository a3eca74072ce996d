"""Guards: what a run does not tolerate. They watch metrics as they are logged."""

import math
from collections.abc import Mapping, Sequence

from attrs import define, field, frozen

from engine.recipe.schema import Guard
from engine.training.model_selection import PerClip, Score, SelectionRule
from engine.training.state import Saved, as_arrays, as_tensors


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

    def sentence(self) -> str:
        """The breach in words."""
        value = "no number" if self.value is None else f"{self.value:.6g}"
        found = f"{self.metric} is {value}, but {self.condition}"
        text = f"guard '{self.name}' at step {self.step}: {found}"
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

    def __init__(self, guards: Mapping[str, Guard], best: SelectionRule) -> None:
        self._guards = dict(guards)
        self._selections = {
            name: _selection(guard, best) for name, guard in guards.items() if guard.plateau_steps
        }
        self._memory = {name: _Memory() for name in guards}

    def watch(
        self, metrics: Mapping[str, float], moment: Moment, per_clip: PerClip | None = None
    ) -> list[Breach]:
        """The guards that the new metrics break. Call it with each metric once per logging.

        `per_clip` holds the figures of an evaluation, as `Evaluated` does.
        """
        found = []
        for name, guard in self._guards.items():
            if guard.alive is None:
                breach = self._look(name, guard, metrics, moment, per_clip or {})
                found += [breach] if breach else []
        return found

    def already_violated(self, metrics: Mapping[str, float]) -> list[Breach]:
        """The bounds, watched from the start on, that the weights a run starts from break already.

        Nothing is remembered of it.
        """
        found, moment = [], Moment(0, 0.0)
        for name, guard in self._guards.items():
            metric, bounds = guard.metric, (guard.below, guard.above, guard.between)
            if metric not in metrics or guard.at != "always" or bounds == (None,) * 3:
                continue
            assert metric is not None, "it is one of the metrics"
            said = _broken(guard, _Memory(), metrics[metric], moment)
            found += [_breach(name, guard, metric, metrics[metric], said, moment)] if said else []
        return found

    def watch_gradients(self, silent: Sequence[str], moment: Moment) -> list[Breach]:
        """Breaches by parameters that got no gradient since the last look (`silent`, by name)."""
        found = []
        for name, guard in self._guards.items():
            if guard.alive is None or not _due(guard.at, moment):
                continue
            prefix = "" if guard.alive == "all" else guard.alive
            dead = [parameter for parameter in silent if parameter.startswith(prefix)]
            if dead:
                said = f"every parameter of {guard.alive} must get a gradient"
                metric = f"the gradient of {dead[0]}" + _and_more(dead)
                found.append(_breach(name, guard, metric, 0.0, said, moment))
        return found

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
        name: str,
        guard: Guard,
        metrics: Mapping[str, float],
        moment: Moment,
        per_clip: PerClip,
    ) -> Breach | None:
        memory = self._memory[name]
        metric = guard.finite or guard.metric
        assert metric is not None, "the recipe's checks demand a metric"
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
            said = _plateau(guard.plateau_steps, memory, self._selections[name], new)
        else:
            said = _broken(guard, memory, value, moment)
        return _breach(name, guard, metric, value, said, moment) if said else None


def _selection(guard: Guard, best: SelectionRule) -> SelectionRule:
    """How a plateau is told: the better side is the guard's own, or that of the run's best."""
    assert guard.metric is not None, "the recipe's checks demand a metric"
    if guard.best_is is None and guard.metric == best.metric:
        return best
    return SelectionRule(guard.metric, guard.best_is != "highest", best.paired)


def _due(at: str, moment: Moment) -> bool:
    if at == "always":
        return True
    unit, _, number = at.removeprefix("from ").partition(":")
    return (moment.epoch if unit == "epoch" else moment.step) >= int(number)


def _broken(guard: Guard, memory: _Memory, value: float, moment: Moment) -> str | None:
    """The condition in words where it does not hold."""
    if guard.finite is not None:
        return None if math.isfinite(value) else "it must be a finite number"
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


def _breach(
    name: str, guard: Guard, metric: str, value: float, said: str, moment: Moment
) -> Breach:
    known = value if math.isfinite(value) else None
    return Breach(name, metric, known, said, guard.action, guard.because, moment.step)


def _and_more(names: Sequence[str]) -> str:
    return f" (and of {len(names) - 1} more)" if len(names) > 1 else ""
