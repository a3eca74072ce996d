"""A run's result held against the weights it began with, and against what learns nothing."""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from attrs import asdict, evolve, field, frozen

from engine.evaluation.paired import Outcome
from engine.recipe.schema import Recipe
from engine.report.verdict import Compared
from engine.tracking.events import Event
from engine.training.model_selection import Score, SelectionRule
from engine.training.record import Record


@frozen
class Comparison:
    """The result against one other, on the same clips, by the metric that picks the best."""

    name: str
    outcome: Outcome
    said: str
    """In words, with the figures."""

    def facts(self) -> dict[str, Any]:
        """Plain values for an event."""
        return asdict(self)


@frozen
class Comparisons:
    """All that a result was held against."""

    recipe: str
    parent: Comparison | None
    baselines: tuple[Comparison, ...] = field(default=())

    @property
    def compared(self) -> Compared:
        """What the verdict is reached from."""
        outcomes = {one.name: one.outcome for one in self.baselines}
        if self.parent is None:
            return Compared(self.recipe, outcomes)
        parent = self.parent.name
        return Compared(self.recipe, outcomes | {parent: self.parent.outcome}, parent)

    def said(self, name: str | None) -> str | None:
        """The comparison with one of them in words."""
        found = (one.said for one in (self.parent, *self.baselines) if one and one.name == name)
        return next(found, None)


def compare_result(
    recipe: Recipe, record: Record, figures: Mapping[str, Any], history: Iterable[Event]
) -> Comparisons:
    """Hold the best evaluation of a run against its parent's and the baselines', clip by clip.

    `figures` are the run's metrics, with those of the baselines; `history` are its events.
    """
    assert record.best is not None, "a run that finished was evaluated"
    baselines = tuple(_with_baselines(record.best, record, figures))
    return Comparisons(recipe.name, _with_parent(recipe, record, history), baselines)


def _with_parent(recipe: Recipe, record: Record, history: Iterable[Event]) -> Comparison | None:
    """Whether any evaluation beat the parent, by how much, and how sure that is."""
    entry, best = record.entry, record.best
    if recipe.start is None or record.entry_name != "parent" or entry is None or best is None:
        return None
    parent, evaluations = recipe.start.name, [event for event in history if _counts(event, recipe)]
    if best.step == 0:
        nearest = _nearest(record.selection, evaluations)
        kept = f"what is kept are the weights of {parent} itself"
        said = f"No evaluation beat the parent, {parent}: {nearest}; {kept}."
        return Comparison(parent, "undecided", said)
    found = _compare(record.selection, best, entry, parent)
    chosen = f", at the best of {len(evaluations)} evaluations" if len(evaluations) > 1 else ""
    return evolve(found, said=f"{found.said}{chosen}.")


def _with_baselines(
    best: Score, record: Record, figures: Mapping[str, Any]
) -> Iterator[Comparison]:
    """The baselines that have a figure of the metric that picks the best."""
    short = record.selection.metric.partition("/")[2]
    for key, value in figures.items():
        group, _, rest = key.partition("/")
        name = rest.removesuffix(f"/{short}")
        if group == "baseline" and rest == f"{name}/{short}" and value is not None:
            values = record.baselines.get(rest)
            score = Score(0, value, {} if values is None else {short: values})
            found = _compare(record.selection, best, score, name)
            yield evolve(found, said=f"{found.said}.")


def _compare(rule: SelectionRule, best: Score, other: Score, name: str) -> Comparison:
    """Clip by clip, where both have a figure of each clip; else by the values."""
    difference = evolve(rule, paired=True).difference(best, other)
    if difference is not None:
        said = difference.sentence(lowest=rule.lowest)
        outcome = difference.outcome(lowest=rule.lowest)
        return Comparison(name, outcome, f"{rule.metric} against {name}: {said}")
    outcome = _by_value(best.value, other.value, lowest=rule.lowest)
    values = f"{best.value:.4g}, {name} has {other.value:.4g}"
    return Comparison(name, outcome, f"{rule.metric} is {values}: {outcome} by its value alone")


def _by_value(ours: float, theirs: float, *, lowest: bool) -> Outcome:
    if ours == theirs or not math.isfinite(ours):
        return "undecided"
    if not math.isfinite(theirs):
        return "better"
    return "better" if (ours < theirs) == lowest else "worse"


def _counts(event: Event, recipe: Recipe) -> bool:
    return event.kind == "eval" and event.metrics.get(recipe.training.best) is not None


def _nearest(rule: SelectionRule, evaluations: list[Event]) -> str:
    """The evaluation that came nearest to beating the parent, which stayed the best throughout."""
    metric, sign = rule.metric, 1 if rule.lowest else -1
    paired = [event for event in evaluations if "difference" in event.facts]
    if paired:
        event = min(paired, key=lambda event: sign * event.facts["difference"]["mean"])
        return f"{metric} came nearest at step {event.step}, {event.facts['difference']['said']}"
    if not evaluations:
        return f"{metric} was never a number"
    event = min(evaluations, key=lambda event: sign * (event.metrics[metric] or 0.0))
    return f"{metric} came nearest at step {event.step}, with {event.metrics[metric]:.4g}"
