"""Verdicts by listening metrics, derived from results.json whenever they are shown."""

from collections.abc import Mapping
from typing import Any

from engine.listening.figures import newest_results
from engine.listening.results import Results
from engine.listening.sentences import pair_in_words
from engine.project import Project
from engine.recipe.metric_names import LISTENING_RESULTS
from engine.recipe.schema import Recipe
from engine.report.verdict import Compared, reach_verdict


def verdict_by_listening(
    project: Project, recipe: Recipe, identity: str | None
) -> Mapping[str, Any]:
    """Facts that replace a finish event's verdict and gain; empty without listening results.

    The result is compared with its parent where both were in the newest test of the run.
    """
    table = recipe.verdict
    if table is None or table.metric not in LISTENING_RESULTS:
        return {}
    results = newest_results(project, recipe.name, identity)
    scale = table.metric.partition("/")[2]
    figures = {} if results is None else results.figures_of(recipe.name, identity)
    if results is None or (figure := figures.get(scale)) is None:
        return {}
    compared, gain = _against_parent(results, recipe, identity, scale)
    conclusion = reach_verdict(table, table.metric, figure.mean, compared)
    return {"verdict": conclusion and conclusion.facts(), "gain": gain}


def _against_parent(
    results: Results, recipe: Recipe, identity: str | None, scale: str
) -> tuple[Compared, str | None]:
    parent = recipe.start.from_ if recipe.start else None
    own = results.place_of(recipe.name, identity)
    for pair in results.pairs:
        names = {place: results.runs[place].recipe for place in (pair.of, pair.against)}
        if pair.scale == scale and own in names and parent in names.values():
            own_first = pair.of == own
            outcome = pair.figure.difference.outcome(lowest=not own_first)
            gain = f"By listeners, {pair_in_words(results, pair)}."
            outcomes = {str(parent): outcome}
            return Compared(recipe.name, outcomes, parent, f"listening/{scale}"), gain
    return Compared(recipe.name), None
