"""The comparison of two finished runs in sentences, the deciding metric first.

Where seeds were repeated, sentences speak of the recipes; otherwise of these weights.
"""

from collections.abc import Iterable, Iterator, Mapping

from engine.evaluation.paired import Outcome
from engine.report.paired_runs import PairedMetric, PairedRuns
from engine.report.repeating import how_to_repeat
from engine.report.run_files import RunFiles
from engine.tracking.shown_metrics import short_name

_CONCLUSION: Mapping[Outcome, str] = {
    "better": "{ours} {verb} better than {theirs}",
    "worse": "{ours} {verb} worse than {theirs}",
    "undecided": "{ours} {verb} not shown to be better or worse than {theirs}",
}
_OTHERS: Mapping[Outcome, str] = {
    "better": "better by",
    "worse": "worse by",
    "undecided": "undecided by",
}

UNMEASURED = "neither measures it"
"""Why two runs are not compared by a metric that neither has."""


def conclude(found: PairedRuns, best: str) -> Iterator[str]:
    """Sentences: which run is better by the metric that picks the best, and what others say."""
    yield _decides(found, best)
    if best in found.compared:
        decides = found.compared[best]
        why = withheld(decides, (found.ours, found.theirs))
        yield from filter(None, (why, scope(decides, found.runs)))
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
        why = found.left_out.get(best, UNMEASURED)
        return f"{found.ours} and {found.theirs} are not compared by {name}: {why}."
    outcome = metric.outcome or "undecided"
    names = {"ours": found.ours, "theirs": found.theirs, "verb": "is"}
    if metric.speaks_of == "weights":
        names = {
            "ours": f"The weights of {found.ours}",
            "theirs": f"those of {found.theirs}",
            "verb": "are",
        }
    said = _CONCLUSION[outcome].format(**names)
    difference = metric.difference
    return f"{said}: {name} differs by {difference.in_figures()}{difference.few}."


def withheld(metric: PairedMetric, names: tuple[str, str]) -> str:
    """Why neither recipe is called better though the figures differ; empty where that is not so.

    `names` are those of ours and of theirs.
    """
    if not metric.is_withheld:
        return ""
    stopped = [
        f"{of[0]} of {of[1]} seeds of {n}" for of, n in zip(metric.shares, names, strict=True)
    ]
    better = names[0] if metric.of_finished == "better" else names[1]
    return (
        f"Guards stopped {' and '.join(stopped)}. The seeds of {better} that finished are better, "
        "but a recipe is not called better where a larger share of its seeds was stopped."
    )


def scope(metric: PairedMetric, runs: Iterable[RunFiles]) -> str:
    """What a comparison of runs holds for, in a sentence; empty where that is the recipes."""
    if metric.speaks_of == "recipes":
        return ""
    repeat = how_to_repeat(run for run in runs if len(run.of_seeds) == 1)
    if metric.speaks_of == "weights":
        return (
            "This holds of these weights, not of these recipes: another seed may turn it round. To "
            f"compare the recipes: {repeat}."
        )
    return (
        "A recipe with one seed borrows the spread over seeds: this holds as far as its own seeds "
        f"vary alike. To know its own: {repeat}."
    )


def _others(found: PairedRuns, best: str, outcome: Outcome) -> Iterator[str]:
    for name, metric in found.compared.items():
        if name != best and metric.outcome == outcome:
            yield short_name(name)
