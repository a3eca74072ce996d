"""`cantus.bisect/1`: which lines of a recipe made the result worse."""

from collections.abc import Iterator
from typing import Any, Literal

from attrs import frozen

from engine.cli.answers.answer import Answer
from engine.cli.answers.comparison import Comparison, comparison
from engine.evaluation.paired import Outcome
from engine.sweeps.bisection.evidence import Evidence
from engine.sweeps.bisection.search import Found, Search
from engine.sweeps.bisection.sentences import Asked, sentences
from engine.sweeps.bisection.trials import Outcome as TrialOutcome


@frozen(kw_only=True)
class LineTried:
    """A line in which the recipes differ: a key, or keys that are only valid together."""

    name: str
    """The key, with dots between tables."""
    good: Any
    """The value of the good recipe; of a table its kind; null where there is none."""
    bad: Any
    """The value of the bad recipe."""
    verdict: Literal["accused", "suspected", "not shown"]
    """Accused: shown to make the result worse, with fresh seeds. Suspected: found, but not
    confirmed. Not shown: not shown to make it worse."""


@frozen(kw_only=True)
class SetFound:
    """A smallest set of lines that makes the result worse."""

    lines: tuple[str, ...]
    """The lines."""
    only_together: bool
    """Whether every line is needed and none is shown to be worse by itself."""
    together: Comparison
    """The good recipe with these lines against the good recipe."""
    without: tuple[Comparison, ...]
    """Against the set without each line, in the order of the lines: what accuses the line."""
    alone: tuple[Comparison, ...]
    """The good recipe with each line alone, against the good recipe, in a set of several."""


@frozen(kw_only=True)
class TrialDone:
    """A mixed recipe that was tried."""

    lines: tuple[str, ...]
    """The lines of the bad recipe that it has."""
    outcome: TrialOutcome
    """Unresolved: the recipe is not valid, or cannot be compared."""
    num_runs: int
    """Runs, one for each seed, until the outcome was decided; 0 where preflight alone decided."""
    harm: float
    """How much worse than the good recipe, in units of the metric. Null where runs were stopped,
    which counts as infinitely worse, and where it is unresolved or passed preflight alone:
    `not_finite` says "infinity" or "nan"."""
    why: str
    """Why it is unresolved, or what stopped its runs: `stopped by preflight: ...`; else empty."""


@frozen(kw_only=True)
class BisectAnswer(Answer):
    """What `cantus bisect --json` prints."""

    SCHEMA = "cantus.bisect/1"

    good: str
    """The recipe that is better."""
    bad: str
    """The recipe that is worse."""
    metric: str
    """The metric by which results are compared."""
    best_is: Literal["lowest", "highest"]
    """Which values of the metric are better."""
    steps: int
    """Optimizer steps of each run: the verdict holds for these."""
    num_seeds: int
    """The most seeds of a mixed recipe; up to twice as many more confirm an accusation."""
    budget_runs: int
    """The most runs that were allowed."""
    num_runs: int
    """Runs that the search took, those that were trained before included."""
    by_preflight: bool
    """Whether preflight alone decided, since the bad recipe does not pass it and the good one does:
    nothing was trained."""
    num_preflights: int
    """Recipes and seeds for which preflight was asked alone."""
    budget_spent: bool
    """Whether the budget ended the search."""
    wrong_accusation_chance: float
    """The chance, at most, that a line is accused that does nothing."""
    lines: tuple[LineTried, ...]
    """The lines in which the recipes differ."""
    not_tested: tuple[str, ...]
    """Keys that differ and that short runs set themselves."""
    bad_against_good: Comparison | None
    """The bad recipe against the good one."""
    found: tuple[SetFound, ...]
    """Smallest sets of lines that make the result worse."""
    rest: Comparison | None
    """All other lines together against the good recipe; null where they were not tried."""
    trials: tuple[TrialDone, ...]
    """Every mixed recipe that was tried, in order."""
    sentences: tuple[str, ...]
    """The result for people."""
    page: str
    """The page that shows it."""


def bisect_answer(asked: Asked, search: Search, page: str) -> BisectAnswer:
    """The answer of a search that found the bad recipe to be worse."""
    trials = search.trials
    return BisectAnswer(
        good=asked.good,
        bad=asked.bad,
        metric=asked.metric,
        best_is="lowest" if trials.lowest else "highest",
        steps=asked.steps,
        num_seeds=trials.num_seeds,
        budget_runs=trials.most_runs,
        num_runs=len(trials.done),
        by_preflight=search.by_preflight,
        num_preflights=len(trials.asked),
        budget_spent=search.is_spent,
        wrong_accusation_chance=search.wrong,
        lines=tuple(_lines(asked, search)),
        not_tested=tuple(asked.not_tested),
        bad_against_good=None
        if search.gate is None
        else _compared(asked, (asked.bad, asked.good), search.gate),
        found=tuple(_found(asked, one) for one in search.found),
        rest=None
        if search.rest is None
        else _compared(asked, ("the other lines", asked.good), search.rest),
        trials=tuple(
            TrialDone(
                lines=one.lines,
                outcome=one.outcome,
                num_runs=one.num_runs,
                harm=one.harm,
                why=one.why,
            )
            for one in trials.tried
        ),
        sentences=tuple(sentences(asked, search)),
        page=page,
    )


def _lines(asked: Asked, search: Search) -> Iterator[LineTried]:
    holds = {one.line for found in search.found for one in found.accusations if one.holds}
    suspected = {line for found in search.found for line in found.lines} | {*search.suspected}
    for name, line in asked.lines.items():
        verdict: Literal["accused", "suspected", "not shown"] = "not shown"
        if name in holds:
            verdict = "accused"
        elif name in suspected:
            verdict = "suspected"
        yield LineTried(name=name, good=line.good, bad=line.bad, verdict=verdict)


def _found(asked: Asked, found: Found) -> SetFound:
    whole = f"{asked.good} with {', '.join(found.lines)}"
    without = [
        _compared(asked, (whole, f"without {one.line}"), one.evidence, one.why_none)
        for one in found.accusations
    ]
    alone = [
        _compared(asked, (f"{asked.good} with {line}", asked.good), one, "no valid recipe")
        for line, one in zip(found.lines, found.alone, strict=False)
    ]
    return SetFound(
        lines=found.lines,
        only_together=found.only_together,
        together=_compared(asked, (whole, asked.good), found.together),
        without=tuple(without),
        alone=tuple(alone),
    )


def _compared(
    asked: Asked, names: tuple[str, str], evidence: Evidence | None, why: str = ""
) -> Comparison:
    if evidence is None:
        return comparison(asked.metric, names, None, sentence=why, not_compared=why)
    decided: Outcome = (
        "worse" if evidence.is_worse else "better" if evidence.is_better else "undecided"
    )
    return comparison(
        asked.metric,
        names,
        evidence.difference,
        outcome=decided,
        not_compared=None if evidence.difference is not None else evidence.said,
        sentence=evidence.said,
        confidence=evidence.confidence,
    )
