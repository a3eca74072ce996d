"""How the figures of a run were measured, for its pages."""

from collections.abc import Mapping

from engine.evaluation.unit import Unit
from engine.evaluation.unit_facts import described
from engine.report.history import History


def unit_in(history: History, metric: str) -> Unit | str | None:
    """The unit of a metric (`eval/pesq`) by the latest event that names it; None where none does.

    A digest alone where the events do not say what it stands for, or are damaged there.
    """
    name, units = metric.partition("/")[2], dict[str, object]()
    digest = None
    for event in history.events:
        said, known = event.facts.get("units"), event.facts.get("scales")
        units |= said if isinstance(said, dict) else {}
        digest = known.get(name, digest) if isinstance(known, dict) else digest
    try:
        return described(digest, units)
    except (TypeError, ValueError):
        return str(digest)


def measured_with(history: History) -> Mapping[str, str]:
    """The metrics of the result, by how they were measured in words; those of one unit together."""
    found: dict[str, list[str]] = {}
    for metric in history.final:
        unit = unit_in(history, metric)
        if isinstance(unit, Unit) and (unit.programs or unit.resampler or unit.parameters):
            found.setdefault(unit.in_words, []).append(metric.partition("/")[2])
    return {", ".join(names): words for words, names in found.items()}
