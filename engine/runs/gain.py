"""What a phase made of the weights it continued, in a sentence."""

from collections.abc import Iterable

from engine.recipe.schema import Recipe
from engine.tracking.events import Event
from engine.training.record import Record


def tell_gain(recipe: Recipe, record: Record, history: Iterable[Event]) -> str | None:
    """Whether any evaluation beat the parent, by how much, and how sure that is.

    None where nothing was continued. `history` are the run's events.
    """
    entry, best = record.entry, record.best
    if recipe.start is None or record.entry_name != "parent" or entry is None or best is None:
        return None
    metric, parent = recipe.training.best, recipe.start.name
    if best.step == 0:
        nearest = _nearest(recipe, history)
        kept = f"what is kept are the weights of {parent} itself"
        return f"No evaluation beat the parent, {parent}: {nearest}; {kept}."
    gain = record.gain
    if gain is None:
        return f"{metric} went from {entry.value:.4g}, of {parent}, to {best.value:.4g}."
    return f"{metric} against {parent}: {gain.sentence(lowest=record.selection.lowest)}."


def _nearest(recipe: Recipe, history: Iterable[Event]) -> str:
    """The evaluation that came nearest to beating the parent, which stayed the best throughout."""
    metric, lowest = recipe.training.best, recipe.training.best_is == "lowest"
    sign = 1 if lowest else -1
    evaluations = [e for e in history if e.kind == "eval" and e.metrics.get(metric) is not None]
    paired = [event for event in evaluations if "difference" in event.facts]
    if paired:
        event = min(paired, key=lambda event: sign * event.facts["difference"]["mean"])
        return f"{metric} came nearest at step {event.step}, {event.facts['difference']['said']}"
    if not evaluations:
        return f"{metric} was never a number"
    event = min(evaluations, key=lambda event: sign * (event.metrics[metric] or 0.0))
    return f"{metric} came nearest at step {event.step}, with {event.metrics[metric]:.4g}"
