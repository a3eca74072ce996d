"""The guards that had anything to check: one that never became due has not watched the run."""

import re

from engine.recipe.judgement import NamedGuard, guards_on
from engine.recipe.schema import Recipe
from engine.report.history import History
from engine.tracking.events import Event

_WITHIN_ROUNDING = 1e-6
"""Events write epochs to six decimals."""


def silent_guards_in_words(history: History, recipe: Recipe) -> str:
    """A sentence on the guards of a run in which none fired."""
    guards = [*guards_on(recipe.guard)]
    due = [guard for guard in guards if any(_judged(guard, event) for event in history.events)]
    besides = "besides those of a finite loss and of gradients"
    if len(due) == len(guards):
        said = f"{len(guards)} guard{'' if len(guards) == 1 else 's'} watched the run, {besides}"
    else:
        late = ", ".join(guard.name for guard in guards if guard not in due)
        said = f"{len(due)} of {len(guards)} guards watched the run, {besides}"
        said += f" (never due: {late})"
    return f"{said}; none of them fired."


def _judged(named: NamedGuard, event: Event) -> bool:
    """Whether a guard was due to check a figure of an event."""
    if event.kind not in ("train", "eval") or named.metric not in event.metrics:
        return False
    moment = re.fullmatch(r"(?:from )?(epoch|step):(\d+)", named.guard.at)
    if moment is None:
        return True
    return bool(getattr(event, moment[1]) >= int(moment[2]) - _WITHIN_ROUNDING)
