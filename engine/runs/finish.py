"""The end of a run: the best weights become the model, with samples, export and report."""

import shutil
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from engine.evaluation.clip_table import write_clip_table
from engine.project import Project
from engine.recipe.schema import Recipe
from engine.report.expectations import judge
from engine.report.history import History
from engine.report.page import build_report
from engine.report.remark import remark_on_verdict
from engine.report.verdict import reach_verdict
from engine.runs.folder import RunFolder, write_json
from engine.runs.model_store import drop_older_models, keep_model, link_tree, place_model
from engine.runs.publish import final_metrics, publish
from engine.runs.store import FolderStore
from engine.tracking.events import Event, read_events
from engine.training.checkpoint import checkpoints, read_checkpoint
from engine.training.loop import Loop
from engine.training.record import Record


def finish_run(loop: Loop, store: FolderStore, started: float) -> str:
    """Make `models/<recipe>` from the best weights; return the verdict in words.

    It is made in the run's folder and stays there: see `model_store.py`. `started` is on the
    monotonic clock.
    """
    recipe, folder, project = loop.recipe, store.folder, store.project
    best = read_checkpoint(folder.best)
    loop.conclude(best)
    beside = folder.path / ".model.partial"
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir()
    try:
        message = _fill(beside, loop, store, best.state["step"], started)
    except OSError:
        shutil.rmtree(beside, ignore_errors=True)  # a full disk is no fuller for it
        raise
    keep_model(beside, folder)
    place_model(folder, project.model(recipe.name))
    folder.finish()
    dropped = drop_older_models(folder)
    if dropped:
        loop.watcher.say(dropped)
    return message


def put_back(folder: RunFolder, recipe: Recipe, project: Project) -> str:
    """Put the finished model of a run in place again; return its verdict in words."""
    events = folder.model / folder.events.name
    history = list(read_events(events))
    facts = next(event.facts for event in reversed(history) if event.kind == "finish")
    publish(project, recipe.name, events, facts["best_step"])
    place_model(folder, project.model(recipe.name))
    folder.finish()
    folder.note_as_latest()
    said = _sentence(recipe, final_metrics(history, facts["best_step"]), facts)
    return _remarked(said, remark_on_verdict(History(tuple(history)), project))


def _fill(model: Path, loop: Loop, store: FolderStore, step: int, started: float) -> str:
    """Write everything a model holds; return the verdict in words."""
    recipe, folder, project = loop.recipe, store.folder, store.project
    loop.system.export(model / "export")
    loop.sample_as_it_is("final")
    link_tree(folder.samples, model / "samples")
    _checkpoints(folder, model)
    link_tree(folder.path / "lineage", model / "lineage")
    write_clip_table(model / "evaluation" / "clips.tsv", loop.record.table(loop.system.eval_clips))
    message = _conclude(loop, store, model, step, started)
    for name in ("events.jsonl", "params.toml", "recipe.toml", "run.json"):
        shutil.copy2(folder.path / name, model / name)
    publish(project, recipe.name, folder.events, step)
    shutil.copy2(project.metrics(recipe.name), model / "metrics.json")
    remark = remark_on_verdict(History.of(model), project)
    build_report(model, recipe, remark)
    return _remarked(message, remark)


def _checkpoints(folder: RunFolder, model: Path) -> None:
    """Weights for later phases: best, kept steps, and the last with its optimizer's state."""
    sources = {path.name: path for path in folder.kept.glob("step_*")}
    sources |= {"best": folder.best, "last": checkpoints(folder.resumable)[0]}
    for name, path in sources.items():
        link_tree(path, model / "checkpoints" / name)


def _conclude(loop: Loop, store: FolderStore, model: Path, step: int, started: float) -> str:
    """Judge expectations and verdict, write the finish event and say the verdict."""
    recipe = loop.recipe
    store.log.sync()
    history = list(read_events(store.folder.events))
    metrics = final_metrics(history, step)
    expectations = [judge(metric, one, history).facts() for metric, one in recipe.expect.items()]
    table = recipe.verdict
    verdict = None
    if table is not None:
        verdict = reach_verdict(table, metrics.get(table.metric)).facts()
    facts: dict[str, Any] = {
        "verdict": verdict,
        "expectations": expectations,
        "seconds": round(time.monotonic() - started, 1),
        "best_step": step,
        "gain": _tell_gain(recipe, loop.record, history),
    }
    loop.write("finish", metrics=_figures(metrics), facts=facts)
    store.log.sync()
    write_json(model / "verdict.json", verdict)
    return _sentence(recipe, metrics, facts)


def _sentence(recipe: Recipe, metrics: dict[str, Any], facts: Mapping[str, Any]) -> str:
    """The best figure, and what the finish event's facts say of it."""
    best, verdict = recipe.training.best, facts["verdict"]
    said = f"{recipe.name}: {best} {metrics[best]:.4g} at step {metrics['step']}"
    if verdict is not None:
        said += f". {verdict['say']} (keep {verdict['keep']})"
    return said + (f". {facts['gain'].rstrip('.')}" if facts["gain"] else "")


def _remarked(said: str, remark: str | None) -> str:
    return f"{said}. {remark.rstrip('.')}" if remark else said


def _figures(metrics: Mapping[str, Any]) -> dict[str, float | None]:
    """The metrics without what else stands in their file: the step, and digests."""
    return {n: v for n, v in metrics.items() if "/" in n and not isinstance(v, str)}


def _tell_gain(recipe: Recipe, record: Record, history: Iterable[Event]) -> str | None:
    """Whether any evaluation of a phase beat its parent, by how much, and how sure that is.

    None where nothing was continued. `history` are the run's events.
    """
    entry, best = record.entry, record.best
    if recipe.start is None or record.entry_name != "parent" or entry is None or best is None:
        return None
    metric, parent = recipe.training.best, recipe.start.name
    if best.step == 0:
        nearest = _nearest(recipe, history)
        kept = f"what is kept are the weights of {parent} itself"
        return f"No evaluation beat the parent, {parent}: {nearest}; {kept}."
    gain = record.gain
    if gain is None:
        return f"{metric} went from {entry.value:.4g}, of {parent}, to {best.value:.4g}."
    return f"{metric} against {parent}: {gain.sentence(lowest=record.selection.lowest)}."


def _nearest(recipe: Recipe, history: Iterable[Event]) -> str:
    """The evaluation that came nearest to beating the parent, which stayed the best throughout."""
    metric, lowest = recipe.training.best, recipe.training.best_is == "lowest"
    sign = 1 if lowest else -1
    evaluations = [e for e in history if e.kind == "eval" and e.metrics.get(metric) is not None]
    paired = [event for event in evaluations if "difference" in event.facts]
    if paired:
        event = min(paired, key=lambda event: sign * event.facts["difference"]["mean"])
        return f"{metric} came nearest at step {event.step}, {event.facts['difference']['said']}"
    if not evaluations:
        return f"{metric} was never a number"
    event = min(evaluations, key=lambda event: sign * (event.metrics[metric] or 0.0))
    return f"{metric} came nearest at step {event.step}, with {event.metrics[metric]:.4g}"
