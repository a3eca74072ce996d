"""Listening tests in the form that pages and terminals show."""

from collections.abc import Sequence

from attrs import evolve

from engine.listening.figures import listened
from engine.listening.results import Results
from engine.listening.sentences import rating_in_words, results_in_words
from engine.listening.verdict import verdict_by_listening
from engine.project import Project
from engine.recipe.schema import Recipe
from engine.report.listening_tests import RatedVersion, ShownTest, ShownTests


def shown_tests(project: Project, runs: Sequence[tuple[str, str | None]]) -> ShownTests:
    """The tests that all of some runs took part in, each given by its recipe and identity."""
    found = [listened(project, recipe, identity) for recipe, identity in runs]
    common = set.intersection(*({one.test for one in each.results} for each in found))
    return ShownTests(
        tuple(shown(one, runs) for one in found[0].results if one.test in common),
        found[0].complaints,
    )


def shown_of_run(project: Project, recipe: Recipe, identity: str | None) -> ShownTests:
    """The tests of one run, and the verdict where listeners decide it."""
    tests = shown_tests(project, [(recipe.name, identity)])
    return evolve(tests, finish=verdict_by_listening(project, recipe, identity))


def shown(results: Results, runs: Sequence[tuple[str, str | None]] = ()) -> ShownTest:
    """One test; the versions of `runs` are marked."""
    own = [place for place, one in enumerate(results.runs) if (one.recipe, one.identity) in runs]
    versions = [
        RatedVersion(
            title=one.title,
            ratings=tuple(
                rating_in_words(one.figures[scale]) if scale in one.figures else ""
                for scale in results.scales
            ),
            is_own=one.run in own,
        )
        for one in results.rated
    ]
    return ShownTest(
        results.name, results.scales, tuple(versions), tuple(results_in_words(results))
    )
