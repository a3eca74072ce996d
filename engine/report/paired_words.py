"""The comparison of two finished runs in sentences, the deciding metric first."""

from collections.abc import Iterator, Mapping

from engine.evaluation.paired import Outcome
from engine.report.paired_runs import PairedRuns
from engine.tracking.shown_metrics import short_name

_CONCLUSION: Mapping[Outcome, str] = {
    "better": "{ours} is better than {theirs}",
    "worse": "{ours} is worse than {theirs}",
    "undecided": "{ours} is not shown to be better or worse than {theirs}",
}
_OTHERS: Mapping[Outcome, str] = {
    "better": "better by",
    "worse": "worse by",
    "undecided": "undecided by",
}


def conclude(found: PairedRuns, best: str) -> Iterator[str]:
    """Sentences: which run is better by the metric that picks the best, and what others say."""
    yield _decides(found, best)
    said = [
        f"{words} {', '.join(names)}"
        for outcome, words in _OTHERS.items()
        if (names := [*_others(found, best, outcome)])
    ]
    if said:
        yield f"Other metrics of {found.ours}: {'; '.join(said)}."


def _decides(found: PairedRuns, best: str) -> str:
    metric, name = found.compared.get(best), short_name(best)
    if metric is None:
        why = found.left_out.get(best, "neither measures it")
        return f"{found.ours} and {found.theirs} are not compared by {name}: {why}."
    outcome = metric.outcome or "undecided"
    said = _CONCLUSION[outcome].format(ours=found.ours, theirs=found.theirs)
    difference = metric.difference
    return f"{said}: {name} differs by {difference.in_figures()}{difference.few}."


def _others(found: PairedRuns, best: str, outcome: Outcome) -> Iterator[str]:
    for name, metric in found.compared.items():
        if name != best and metric.outcome == outcome:
            yield short_name(name)
