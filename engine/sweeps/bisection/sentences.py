"""What a search found, in sentences: the verdict, what it holds for, and what was left out."""

from collections.abc import Iterator, Mapping, Sequence

from attrs import frozen

from engine.report.words import listed_in_words
from engine.sweeps.bisection.lines import Line
from engine.sweeps.bisection.search import WRONG, Accusation, Found, Search, least_seeds
from engine.tracking.shown_metrics import short_name


@frozen
class Asked:
    """The question of a search."""

    good: str
    bad: str
    metric: str
    steps: int
    lines: Mapping[str, Line]
    not_tested: Sequence[str]


def sentences(asked: Asked, search: Search) -> Iterator[str]:
    """The result of a search, the verdict first."""
    if search.gate is not None:
        by = "" if search.gate.is_of_stops else f" by {short_name(asked.metric)}"
        which = f"is worse than {asked.good}{by}"
        if search.by_preflight:
            which = f"does not pass preflight, and {asked.good} does"
        yield f"{asked.bad} {which}: {search.gate.said}."
    for found in search.found:
        yield from _of_set(asked, found)
    yield from _of_rest(asked, search)
    yield from _of_trials(asked, search)
    yield _what_holds(asked, search)
    yield from _of_confidences(asked, search)


def _what_holds(asked: Asked, search: Search) -> str:
    if search.by_preflight:
        return (
            f"Nothing was trained: preflight of runs of {asked.steps:,} steps decided, before step "
            "1, and what a line does in training was not tried."
        )
    return (
        f"This holds for runs of {asked.steps:,} steps: a line that matters only later in training "
        f"is not found by short runs. The chance that a line is accused wrongly is at most "
        f"{WRONG:.0%}."
    )


def _of_confidences(asked: Asked, search: Search) -> Iterator[str]:
    """One sentence on the confidences of all intervals above it; none where there are none."""
    others = [("the other lines", search.rest)]
    named = [(f"{asked.bad} against {asked.good}", search.gate), *others]
    for found in search.found:
        named += [(", ".join(found.lines), found.together)]
        named += [(one.line, one.evidence) for one in found.accusations]
    shares = {
        name: f"{100 * one.confidence:.4g} % for {name}"
        for name, one in named
        if one is not None and one.difference is not None
    }
    if shares:
        yield (
            f"Confidence of the intervals: {listed_in_words(list(shares.values()))}; each is as "
            f"high as it must be for the chances of all comparisons, of every line and with every "
            f"number of seeds, to add up to {WRONG:.0%} at most."
        )


def why_refused(asked: Asked, search: Search) -> str | None:
    """Why there was nothing to search for; None where there was."""
    gate = search.gate
    if search.fault:
        return f"{search.fault}. Correct that recipe first: nothing was searched for."
    if gate is None or gate.is_worse:
        return None
    name = short_name(asked.metric)
    if gate.is_better:
        return (
            f"{asked.bad} is better than {asked.good} by {name} in runs of {asked.steps:,} steps: "
            f"{gate.said}. Name the better recipe first."
        )
    return (
        f"{asked.bad} is not shown to be worse than {asked.good} by {name} in runs of "
        f"{asked.steps:,} steps: {gate.said}. {_more(search) if gate.is_of_stops else _LONGER}"
    )


_LONGER = "Train longer (--steps), or with more seeds (--seeds)."


def _more(search: Search) -> str:
    """What shows that more runs are stopped."""
    seeds = max(search.trials.num_seeds + 1, least_seeds())
    return f"Try more seeds: --seeds {seeds} at least."


def _of_set(asked: Asked, found: Found) -> Iterator[str]:
    if found.only_together:
        named = "; ".join(asked.lines[name].said for name in found.lines)
        yield f"Only together do these lines make it worse: {named}. {found.together.said}."
        return
    for one in found.accusations:
        said = asked.lines[one.line].said
        if one.holds and one.evidence is not None:
            yield f"{said} makes the result worse: {one.evidence.said}{_beside(found, one)}."
        else:
            why = one.why_none if one.evidence is None else one.evidence.said
            yield f"{said} is suspected, but not confirmed with fresh seeds: {why}."


def _beside(found: Found, accusation: Accusation) -> str:
    others = [line for line in found.lines if line != accusation.line]
    return f" (beside {listed_in_words(others)})" if others else ""


def _of_rest(asked: Asked, search: Search) -> Iterator[str]:
    named = {line for found in search.found for line in found.lines}
    others = [line for line in asked.lines if line not in named]
    if search.is_spent:
        yield (
            f"The budget of {search.trials.most_runs:,} runs was spent before the search ended; "
            "--budget-runs allows more, and the same command goes on."
        )
        if search.suspected:
            yield f"Still suspected, not confirmed: {', '.join(search.suspected)}."
    elif search.rest is not None and others:
        verdict = "is worse, too" if search.rest.is_worse else "is not shown to be worse"
        if search.by_preflight:
            verdict = "does not pass preflight" if search.rest.is_worse else "passes preflight"
        many = "the other line" if len(others) == 1 else f"the other {len(others)} lines"
        yield f"{asked.good} with {many} of {asked.bad} {verdict}: {search.rest.said}."
        if search.by_preflight and not search.rest.is_worse:
            yield (
                f"To try the rest in training, correct {asked.bad} and give the same command again."
            )


def _of_trials(asked: Asked, search: Search) -> Iterator[str]:
    stopped = [trial for trial in search.trials.tried if trial.outcome == "worse" and trial.why]
    if stopped and not search.by_preflight:
        yield (
            f"Runs of {len(stopped)} of {len(search.trials.tried)} mixed recipes were stopped, the "
            f"first {stopped[0].why}."
        )
    unresolved = [trial for trial in search.trials.tried if trial.outcome == "unresolved"]
    if unresolved:
        yield (
            f"{len(unresolved)} of {len(search.trials.tried)} mixed recipes could not be tried, "
            f"the first because: {unresolved[0].why}."
        )
    if asked.not_tested:
        yield (f"Not tried, because short runs set them themselves: {', '.join(asked.not_tested)}.")
