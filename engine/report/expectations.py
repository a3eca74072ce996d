"""Expectations of metrics, compared with the measured values."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal

from attrs import frozen

from engine.evaluation.unit import Unit
from engine.recipe.judgement import Expectation
from engine.report.history import History
from engine.report.measured_with import unit_in
from engine.report.words import figure_beside
from engine.tracking.events import Event

Outcome = Literal["met", "missed", "not reached"]

_ROUNDING = 1e-6
"""Events write epochs to six decimals."""


@frozen
class Judgement:
    """The outcome of an expectation.

    `missed`: at least one point was reached and lay outside its limits, or was not finite.
    `not reached`: none was missed, but at least one was never reached. `met`: all lay inside.
    """

    metric: str
    outcome: Outcome
    detail: str
    """Point by point, with the figures."""

    def facts(self) -> dict[str, Any]:
        """Plain values for an event; `met` is None where the run did not get that far."""
        met = {"met": True, "missed": False, "not reached": None}[self.outcome]
        return {"name": self.metric, "met": met, "detail": self.detail}


def judge(metric: str, expectation: Expectation, history: Iterable[Event]) -> Judgement:
    """Compare an expectation with a run's events.

    The value at an epoch or a step is that of the first event at or after it that carries the
    metric. Limits are inclusive; a missing `low` or `high` is no limit on that side. Where the
    run measures otherwise than the expected figures were measured, nothing is compared.
    """
    history = tuple(history)
    unit = unit_in(History(history), metric)
    words = unit.in_words if isinstance(unit, Unit) else "it is not recorded how"
    if lacking := [part for part in expectation.measured if part not in words]:
        detail = f"expected of figures by {', '.join(lacking)}; measured here: {words}"
        return Judgement(metric, "not reached", f"not compared: {detail}")
    measured = [event for event in history if metric in event.metrics]
    points = [
        _point(metric, expectation, index, unit, moment, measured)
        for unit, moments in (("epoch", expectation.epochs), ("step", expectation.steps))
        for index, moment in enumerate(moments or ())
    ]
    outcomes = {outcome for outcome, _ in points}
    worst: Sequence[Outcome] = ("missed", "not reached")
    outcome: Outcome = next((bad for bad in worst if bad in outcomes), "met")
    return Judgement(metric, outcome, "; ".join(detail for _, detail in points))


def _point(
    metric: str,
    expectation: Expectation,
    index: int,
    unit: str,
    moment: int,
    measured: Sequence[Event],
) -> tuple[Outcome, str]:
    where = f"{unit} {moment}"
    reached = [event for event in measured if getattr(event, unit) >= moment - _ROUNDING]
    if not reached:
        return "not reached", f"{where}: not reached"
    value = reached[0].metrics[metric]
    low = expectation.low[index] if expectation.low else None
    high = expectation.high[index] if expectation.high else None
    if value is None:
        return "missed", f"{where}: not finite, expected {_limits(low, high)}"
    shown = figure_beside(value, (low, high))
    inside = (low is None or low <= value) and (high is None or value <= high)
    return ("met" if inside else "missed"), f"{where}: {shown}, expected {_limits(low, high)}"


def _limits(low: float | None, high: float | None) -> str:
    if low is None:
        return f"at most {high:g}"
    return f"at least {low:g}" if high is None else f"{low:g} to {high:g}"
