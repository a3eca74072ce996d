"""A run's result compared with its initial weights and with untrained baselines."""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from attrs import asdict, evolve, field, frozen

from engine.evaluation.paired import Difference, Outcome
from engine.recipe.metric_names import direction_of
from engine.recipe.schema import Recipe
from engine.report.verdict import Compared
from engine.tracking.events import Event
from engine.training.model_selection import Score, SelectionRule
from engine.training.record import Record

_MOST_SAID = 3
"""Comparisons of one kind that are reported with their figures."""


@frozen
class Comparison:
    """The result compared with one other result, on the same clips, by the selection metric."""

    name: str
    outcome: Outcome
    said: str
    """The comparison in words, with its figures."""
    metric: str = ""
    difference: Difference | None = None
    """With its interval; None where values alone were compared."""

    def facts(self) -> dict[str, Any]:
        """Plain values for an event."""
        return asdict(self)


@frozen
class Comparisons:
    """Everything that a result was compared with."""

    recipe: str
    metric: str
    """The metric that picks the best checkpoint, by which results are compared."""
    parent: Comparison | None
    baselines: tuple[Comparison, ...] = field(default=())
    """Comparisons with untrained baselines, the strongest first."""
    others: tuple[Comparison, ...] = field(default=())
    """Comparisons with the parent by other metrics; each has the name of its metric."""
    by_value: tuple[Comparison, ...] = field(default=())
    """Comparisons with the baselines by the metric of the verdict's table, where it differs."""

    @property
    def compared(self) -> Compared:
        """The outcomes that the verdict is derived from."""
        outcomes = {one.name: one.outcome for one in self.baselines}
        others = {one.name: one.outcome for one in self.others}
        by_value = {one.name: one.outcome for one in self.by_value}
        if self.parent is None:
            return Compared(self.recipe, outcomes, metric=self.metric, by_value=by_value)
        parent = self.parent.name
        outcomes |= {parent: self.parent.outcome}
        return Compared(self.recipe, outcomes, parent, self.metric, others, by_value)

    def said(self) -> str | None:
        """Every comparison that the verdict rests on, with its figures, in sentences.

        Where the result beats all untrained baselines, the strongest of them stands for all.
        """
        parent = self.parent
        lost = [one for one in self.baselines if one.outcome != "better"]
        shown = [*([parent] if parent else []), *(lost or self.baselines[:1])][:_MOST_SAID]
        otherwise = [one for one in self.others if parent and one.outcome != parent.outcome]
        said = [one for one in otherwise if one.outcome != "undecided"][:_MOST_SAID]
        lost = [one for one in self.by_value if one.outcome == "worse"][:_MOST_SAID]
        return " ".join(one.said for one in [*shown, *said, *lost]) or None


def compare_result(
    recipe: Recipe, record: Record, figures: Mapping[str, Any], history: Iterable[Event]
) -> Comparisons:
    """Compare the best evaluation of a run with its parent's and the baselines', clip by clip.

    `figures` are the run's metrics, with those of the baselines; `history` are its events.
    """
    assert record.best is not None, "a run that finished was evaluated"
    evaluations = [event for event in history if _counts(event, recipe)]
    parent = _with_parent(recipe, record, evaluations)
    baselines = _with_baselines(record.selection, record.best, recipe, record, figures)
    others = tuple(_by_other_metrics(recipe, record)) if parent else ()
    by_value = _by_metric_of_table(recipe, record, figures)
    return Comparisons(recipe.name, record.selection.metric, parent, baselines, others, by_value)


def _with_parent(recipe: Recipe, record: Record, evaluations: list[Event]) -> Comparison | None:
    """Whether any evaluation beat the parent, by how much, and how sure that is."""
    entry, best = record.entry, record.best
    if recipe.start is None or record.entry_name != "parent" or entry is None or best is None:
        return None
    parent = recipe.start.name
    if best.step == 0:
        nearest = _nearest(record.selection, evaluations)
        kept = f"the weights of {parent} itself are kept"
        said = f"No evaluation beat the parent, {parent}: {nearest}; {kept}."
        return Comparison(parent, "undecided", said, record.selection.metric)
    return _compare(record.selection, best, entry, parent)


def _with_baselines(
    rule: SelectionRule, best: Score, recipe: Recipe, record: Record, figures: Mapping[str, Any]
) -> tuple[Comparison, ...]:
    """The comparison with each baseline that has the rule's metric, the strongest first."""
    found = _baselines(rule, recipe, record, figures)
    ranked = sorted(found, key=lambda one: one[1].value, reverse=not rule.lowest)
    return tuple(_compare(rule, best, score, name) for name, score in ranked)


def _by_metric_of_table(
    recipe: Recipe, record: Record, figures: Mapping[str, Any]
) -> tuple[Comparison, ...]:
    """Comparisons with the baselines by the verdict's metric, where another picks the best."""
    metric = recipe.verdict.metric if recipe.verdict else record.selection.metric
    value, direction = figures.get(metric), direction_of(metric, recipe)
    if metric == record.selection.metric or direction is None or record.best is None:
        return ()
    if not isinstance(value, int | float):
        return ()
    rule = evolve(record.selection, metric=metric, lowest=direction == "lowest")
    best = evolve(record.best, value=value)
    return _with_baselines(rule, best, recipe, record, figures)


def _baselines(
    rule: SelectionRule, recipe: Recipe, record: Record, figures: Mapping[str, Any]
) -> Iterator[tuple[str, Score]]:
    """Untrained baselines that have the rule's metric, by name."""
    short = rule.clip_metric
    for key, value in figures.items():
        group, _, rest = key.partition("/")
        name = rest.removesuffix(f"/{short}")
        if name in recipe.ceilings or value is None:
            continue
        if group == "baseline" and rest == f"{name}/{short}":
            values = record.baselines.get(rest)
            yield name, Score(0, value, {} if values is None else {short: values})


def _by_other_metrics(recipe: Recipe, record: Record) -> Iterator[Comparison]:
    """Compare the best evaluation with the parent by every other metric that has a direction.

    The intervals of all these metrics hold at once.
    """
    entry, best = record.entry, record.best
    assert entry is not None, "it was compared with its parent"
    assert best is not None, "a run that finished was evaluated"
    names = [f"eval/{name}" for name in best.per_clip if name != record.selection.clip_metric]
    known = {name: side for name in names if (side := direction_of(name, recipe)) is not None}
    for name, direction in known.items() if best.step else ():
        rule = SelectionRule(name, direction == "lowest", paired=True, comparisons=len(known))
        if found := rule.difference(best, entry):
            said = f"{name}: {rule.said(best, entry)}."
            yield Comparison(name, found.outcome(lowest=rule.lowest), said, name, found)


def _compare(rule: SelectionRule, best: Score, other: Score, name: str) -> Comparison:
    """Compare two scores clip by clip where both have figures of each clip; else by their values.

    The best was picked on these clips: the intervals of all evaluations hold at once.
    """
    of_clips = evolve(rule, paired=True)
    difference = of_clips.difference(best, other)
    if difference is None:
        outcome = _by_value(best.value, other.value, lowest=rule.lowest)
        values = f"{best.value:.4g}, {name} has {other.value:.4g}"
        why = of_clips.why_by_value(best, other)
        said = f"{rule.metric} is {values}: {outcome} by its value alone ({why})."
        return Comparison(name, outcome, said, rule.metric)
    outcome = difference.outcome(lowest=rule.lowest)
    said = f"{rule.metric} against {name}: {of_clips.said(best, other)}."
    return Comparison(name, outcome, said, rule.metric, difference)


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
        return f"{metric} was never finite"
    event = min(evaluations, key=lambda event: sign * (event.metrics[metric] or 0.0))
    return f"{metric} came nearest at step {event.step}, with {event.metrics[metric]:.4g}"
