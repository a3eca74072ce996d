"""Listening results of a run, for metrics, reports and verdicts."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import frozen

from engine.errors import UserError
from engine.evaluation.unit import Unit
from engine.evaluation.unit_facts import published
from engine.files.untrusted import as_user_error, read_json_object
from engine.listening.places import test_folders
from engine.listening.results import Figure, Results, read_results
from engine.project import Project


@frozen
class Listened:
    """Results of tests that a run took part in, the newest first."""

    results: tuple[Results, ...]
    complaints: tuple[str, ...]
    """Why some results cannot be read."""


def figures_of_run(project: Project, recipe: str, identity: str | None) -> Mapping[str, Figure]:
    """The mean rating of a run on each scale, by metric: `listening/overall`.

    The ratings of the newest test that has any; empty where only other runs of the recipe have
    some.
    """
    results = newest_results(project, recipe, identity)
    figures = {} if results is None else results.figures_of(recipe, identity)
    return {f"listening/{scale}": figure for scale, figure in figures.items()}


def listening_metrics(project: Project, recipe: str, identity: str | None) -> dict[str, Any]:
    """The ratings as a metrics file holds them: means, listeners, and the unit of ratings.

    The unit is the test, because versions are rated relative to each other.
    """
    results = newest_results(project, recipe, identity)
    if results is None:
        return {}
    figures = figures_of_run(project, recipe, identity)
    means = {name: figure.mean for name, figure in figures.items()}
    scales = {name: Unit(definition=name, made_of=results.test) for name in figures}
    digests = {name: unit.digest for name, unit in scales.items()}
    units = published(digests, {unit.digest: unit.plain for unit in scales.values()})
    listeners = max(figure.num_listeners for figure in figures.values())
    return {**means, **units, "listening/listeners": listeners}


def newest_results(project: Project, recipe: str, identity: str | None) -> Results | None:
    """The results of the newest test in which a run was rated."""
    found = listened(project, recipe, identity).results
    return next((one for one in found if one.figures_of(recipe, identity)), None)


def listened(project: Project, recipe: str, identity: str | None) -> Listened:
    """The results of all tests of a run."""
    found, complaints = [], []
    for folder in test_folders(project):
        try:
            results = read_results(folder)
        except UserError as error:
            complaints.append(str(error))
            continue
        if results is not None and any(
            (one.recipe, one.identity) == (recipe, identity) for one in results.runs
        ):
            found.append(results)
    found.sort(key=lambda one: -one.created)
    return Listened(tuple(found), tuple(complaints))


def identity_of(folder: Path) -> str | None:
    """The identity of the run whose folder or model this is; None where it is unknown."""
    path = folder / "run.json"
    if not path.is_file():
        return None
    with as_user_error(f"{path} is damaged: it does not name a run."):
        return str(read_json_object(path)["identity"])
