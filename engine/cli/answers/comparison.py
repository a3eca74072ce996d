"""A comparison by one metric, as every answer has it."""

from collections.abc import Mapping
from typing import Any, Literal

from attrs import frozen

from engine.evaluation.paired import CONFIDENCE, Difference, Outcome
from engine.evaluation.two_level import TwoLevelDifference
from engine.report.paired_runs import PairedMetric

SpeaksOf = Literal["recipes", "weights"]


@frozen(kw_only=True)
class Comparison:
    """Ours and theirs by one metric, on the same clips."""

    metric: str
    """The metric."""
    ours: str
    """The result that the outcome is for."""
    theirs: str
    """The result that it is compared with."""
    speaks_of: SpeaksOf
    """`recipes`: the interval covers seeds and clips; `weights`: clips alone, so that another seed
    may reverse the outcome."""
    borrowed_from: str | None
    """The recipe whose spread over seeds stands for that of a recipe with one seed; mostly null."""
    outcome: Outcome | None
    """For ours; null where nothing is compared, or neither direction of the metric is better."""
    difference: float | None
    """Ours minus theirs, mean over the clips; null where nothing is compared."""
    low: float | None
    """Lower end of the interval."""
    high: float | None
    """Upper end of the interval."""
    confidence: float
    """Confidence of the interval."""
    held_at_once: int
    """Comparisons whose intervals hold at once with that confidence: 1, or a run's evaluations."""
    num_clips: int | None
    """Clips that both were evaluated on."""
    num_seeds: tuple[int, ...] | None
    """Seeds of ours and of theirs that finished."""
    num_stopped: tuple[int, ...] | None
    """Seeds of ours and of theirs that guards stopped, which the interval is without. Where the
    better side has the larger share of them, the outcome is undecided."""
    not_compared: str | None
    """Why there is no comparison: a phrase; null where there is one."""
    sentence: str
    """The comparison for people."""


def of_metric(metric: str, names: tuple[str, str], found: PairedMetric) -> Comparison:
    """The comparison of two results that were compared."""
    said = found.sentence()
    return comparison(
        metric,
        names,
        found.difference,
        outcome=found.outcome,
        sentence=said,
        num_stopped=found.num_stopped,
    )


def left_out(metric: str, names: tuple[str, str], why: str) -> Comparison:
    """The comparison of two results that were not compared."""
    said = f"not compared by {metric}: {why}"
    return comparison(metric, names, None, not_compared=why, sentence=said)


def of_event(ours: str, facts: Mapping[str, Any], metric: str) -> Comparison:
    """A comparison that a run's finish event holds; those of older runs lack the figures."""
    found = facts.get("difference")
    return comparison(
        str(facts.get("metric") or metric),
        (ours, str(facts["name"])),
        None if found is None else Difference(**found),
        outcome=facts["outcome"],
        sentence=str(facts["said"]),
    )


def comparison(
    metric: str,
    names: tuple[str, str],
    found: Difference | None,
    *,
    sentence: str,
    outcome: Outcome | None = None,
    not_compared: str | None = None,
    confidence: float = CONFIDENCE,
    num_stopped: tuple[int, int] = (0, 0),
) -> Comparison:
    """The comparison of two results, of which `found` is the difference."""
    borrowed = getattr(found, "borrowed", None)
    return Comparison(
        metric=metric,
        ours=names[0],
        theirs=names[1],
        speaks_of="recipes" if isinstance(found, TwoLevelDifference) else "weights",
        borrowed_from=None if borrowed is None else borrowed.name,
        outcome=outcome,
        difference=None if found is None else found.mean,
        low=None if found is None else found.low,
        high=None if found is None else found.high,
        confidence=confidence,
        held_at_once=1 if found is None else found.comparisons,
        num_clips=None if found is None else found.num_clips,
        num_seeds=None if found is None else tuple(getattr(found, "num_seeds", (1, 1))),
        num_stopped=None if found is None else num_stopped,
        not_compared=not_compared,
        sentence=sentence,
    )
