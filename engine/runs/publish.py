"""DVC's metrics and plots of a run, written from its events: DVC deletes them before a stage."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.evaluation.unit_facts import SCALE, UNITS, measured_name, published
from engine.listening.figures import identity_of, listening_metrics
from engine.project import Project
from engine.recipe.schema import Recipe
from engine.tracking.dvc_files import write_curves
from engine.tracking.events import Event, read_events
from engine.tracking.shown_metrics import select, write_shown

_ENTRIES = ("untrained/", "parent/")
_STANDING = ("baseline/", *_ENTRIES)


def publish(project: Project, recipe: Recipe, events: Path, step: int | None = None) -> None:
    """Write `metrics/<recipe>.json`, with what matters, and `plots/<recipe>/` from events.

    The evaluation that counts is the latest, or the one at `step`. The results of listening tests
    of this very run are added.
    """
    history = list(read_events(events))
    listened = listening_metrics(project, recipe.name, identity_of(events.parent))
    final = final_metrics(history, step) | listened
    write_shown(project.metrics(recipe.name), select(final, recipe))
    write_curves(project.plots(recipe.name), history, final)


def publish_again(project: Project, recipe: Recipe) -> None:
    """Publish a recipe's finished model again, after its listening results have changed."""
    events = project.model(recipe.name) / "events.jsonl"
    finish = next(event for event in reversed([*read_events(events)]) if event.kind == "finish")
    publish(project, recipe, events, finish.facts["best_step"])


def final_metrics(history: list[Event], step: int | None = None) -> dict[str, Any]:
    """Baselines, the entry evaluation, and the evaluation at `step` (or the latest).

    With them go the digests of their evaluation set and of their units, and these units.
    Step 0 is the parent's evaluation, which a phase keeps where it never beat its parent. Figures
    of samples are of those at the start, and of those made with the best weights at the end.
    """
    metrics: dict[str, Any] = {}
    units: dict[str, Any] = {}
    for event in history:
        units |= event.facts.get("units") or {}
        if event.kind == "measured":
            metrics = _measured_again(metrics, event, units)
        elif event.kind in ("baseline", "eval"):
            metrics |= _evaluated(event, step, units)
        elif event.kind == "sample":
            counts = event.facts.get("when") == "final"
            metrics |= {n: v for n, v in event.metrics.items() if counts or _stands(n)}
            metrics |= published(event.facts.get("scales") or {}, units)
    return metrics


def _measured_again(
    metrics: Mapping[str, Any], event: Event, units: Mapping[str, Any]
) -> dict[str, Any]:
    """Figures with those of `cantus measure` in place of older ones.

    Figures of the weights before step 1 are not measured again. They stay where they are of the
    evaluation set and in the unit of the new ones, as do baselines that are no longer measured.
    """
    evaluation_set, scales = event.facts.get("evaluation_set"), event.facts["scales"]
    same_set = metrics.get("evaluation_set") == evaluation_set

    def stays(name: str) -> bool:
        known = metrics.get(f"{SCALE}/{measured_name(name)}")
        return same_set and known is not None and known == scales.get(measured_name(name), known)

    kept = {n: v for n, v in metrics.items() if not _stands(n) or stays(n)}
    kept["evaluation_set"] = evaluation_set
    found = {**kept, **event.facts["metrics"], **published(scales, units)}
    used = {f"{UNITS}/{value}" for name, value in found.items() if name.startswith(f"{SCALE}/")}
    return {n: v for n, v in found.items() if not n.startswith(f"{UNITS}/") or n in used}


def _evaluated(event: Event, step: int | None, units: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of an evaluation that are published, with its digests."""
    standing = {n: v for n, v in event.metrics.items() if _stands(n)}
    evaluated = {n: v for n, v in event.metrics.items() if n.startswith("eval/")}
    if step == 0:
        of_parent = {n: v for n, v in standing.items() if n.startswith("parent/")}
        evaluated = {f"eval/{n.removeprefix('parent/')}": v for n, v in of_parent.items()}
    metrics: dict[str, Any] = {**standing}
    if evaluated and (step is None or event.step == step):
        metrics |= evaluated | {"step": event.step}
    if metrics:
        metrics["evaluation_set"] = event.facts.get("evaluation_set")
        metrics |= published(event.facts.get("scales") or {}, units)
    return metrics


def _stands(name: str) -> bool:
    return name.startswith(_STANDING)
