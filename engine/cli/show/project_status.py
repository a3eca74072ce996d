"""How a project stands: each recipe with its runs, and each promoted model."""

import math
from collections.abc import Mapping
from typing import Any

from attrs import asdict, field, frozen

from engine.errors import UserError
from engine.project import Project
from engine.promotion.kept_files import find_change
from engine.promotion.record import Promotion, folder_of, in_use, promoted_names
from engine.recipe import Params, Recipe, load_params, load_recipe
from engine.recipe.metric_names import LISTENING_RESULTS
from engine.report.kept_seeds import num_finished
from engine.runs.staleness import staleness
from engine.runs.standing import Standing, known_runs, standing
from engine.system_support.discovery import recipe_classes

SCHEMA = 1
"""Version of the JSON. It rises when a key changes its meaning or goes; a key may be added."""


@frozen(kw_only=True)
class RecipeStatus:
    """A recipe, or a run of other values than its recipe's, as it stands."""

    name: str
    state: str
    step: int | None
    run: str | None
    metric: str | None = None
    value: float | None = None
    best_step: int | None = None
    verdict: str | None = None
    keep: str | None = None
    stale: tuple[str, ...] = ()
    seeds: int = 0
    """Seeds of which the figures are kept, without a model."""
    faults: str | None = None
    """Why its file cannot be read."""


@frozen(kw_only=True)
class PromotedStatus:
    """A promoted model."""

    name: str
    decision: Promotion | None
    """None where its record cannot be read."""
    wrong: str | None
    """What is wrong with its files or its record, in a sentence."""
    newer: str | None
    """Results trained since, in a sentence."""


@frozen
class ProjectStatus:
    """All of it."""

    recipes: tuple[RecipeStatus, ...]
    promoted: tuple[PromotedStatus, ...] = field(default=())

    def plain(self) -> dict[str, Any]:
        """Plain values, with the version of their schema."""
        promoted = [_plain(one) for one in self.promoted]
        recipes = [asdict(one) for one in self.recipes]
        return {"schema": SCHEMA, "recipes": recipes, "promoted": promoted}


def project_status(project: Project, *, thorough: bool = False) -> ProjectStatus:
    """Look at everything. Raises UserError where params.toml cannot be read."""
    params = load_params(project.params)
    files = {path.stem: path for path in sorted(project.recipes.glob("*.toml"))}
    names = dict.fromkeys([*files, *known_runs(project)])
    standings = {name: standing(project, name) for name in names}
    recipes = tuple(_recipe(project, params, one, name in files) for name, one in standings.items())
    promoted = tuple(
        _promoted(project, name, standings, thorough=thorough) for name in promoted_names(project)
    )
    return ProjectStatus(recipes, tuple(one for one in promoted if one is not None))


def _recipe(project: Project, params: Params, stands: Standing, written: bool) -> RecipeStatus:
    name = stands.name
    path = project.recipe(name, params.profile) if written else project.model(name) / "recipe.toml"
    recipe, faults = None, None
    if written or stands.run is not None:
        try:
            recipe = load_recipe(path, classes=recipe_classes())
        except UserError as error:
            faults = str(error)
    metric, verdict = recipe.training.best if recipe else None, stands.verdict
    if recipe is not None and recipe.verdict and recipe.verdict.metric in LISTENING_RESULTS:
        verdict = _by_listeners(project, recipe, stands)
    return RecipeStatus(
        name=name,
        state=stands.state,
        step=stands.step,
        run=stands.run,
        metric=metric,
        value=_value(stands.metrics, metric),
        best_step=stands.best_step,
        verdict=verdict.get("say"),
        keep=verdict.get("keep"),
        stale=_stale(project, params, recipe, stands),
        seeds=num_finished(project.seeds(name)),
        faults=faults,
    )


def _by_listeners(project: Project, recipe: Recipe, stands: Standing) -> Mapping[str, Any]:
    from engine.listening.verdict import verdict_by_listening

    found = verdict_by_listening(project, recipe, stands.run)
    return found.get("verdict") or stands.verdict


def _stale(
    project: Project, params: Params, recipe: Recipe | None, stands: Standing
) -> tuple[str, ...]:
    if recipe is None or stands.run is None:
        return ()
    try:
        return tuple(staleness(project, recipe, params.seed, stands.about))
    except UserError as error:
        return (str(error),)


def _promoted(
    project: Project, name: str, standings: Mapping[str, Standing], *, thorough: bool
) -> PromotedStatus | None:
    try:
        decision = in_use(project, name)
    except UserError as error:
        return PromotedStatus(name=name, decision=None, wrong=str(error), newer=None)
    if decision is None:
        return None
    change = find_change(folder_of(project, name), decision.files, thorough=thorough)
    back = f"`dvc checkout promoted/{name}.dvc`, or `dvc pull` of it, brings it back"
    stands = standings.get(decision.recipe)
    newer = stands is not None and stands.run not in (None, decision.run)
    return PromotedStatus(
        name=name,
        decision=decision,
        wrong=f"{change}: {back}" if change else None,
        newer=f"{decision.recipe} was trained again since: run {stands.run}"
        if stands is not None and newer
        else None,
    )


def _value(metrics: Mapping[str, Any], metric: str | None) -> float | None:
    found: Any = metrics
    for part in (metric or "").split("/"):
        found = found.get(part) if isinstance(found, Mapping) else None
    number = isinstance(found, int | float) and math.isfinite(found)
    return float(found) if number else None


def _plain(one: PromotedStatus) -> dict[str, Any]:
    decision = {} if one.decision is None else asdict(one.decision)
    decision.pop("files", None)
    return {"name": one.name, **decision, "wrong": one.wrong, "newer": one.newer}
