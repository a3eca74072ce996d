"""The end of a run: the best weights become the model, with samples, export and report."""

import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.evaluation.clip_table import write_clip_table
from engine.evaluation.unit_facts import with_units
from engine.project import Project
from engine.recipe.schema import Recipe
from engine.report.ending import verdict_in_words
from engine.report.expectations import judge
from engine.report.history import History
from engine.report.page import build_report
from engine.report.remark import remark_on_verdict
from engine.report.verdict import reach_verdict
from engine.runs.comparison import compare_result
from engine.runs.folder import RunFolder, write_json
from engine.runs.model_store import drop_older_models, keep_model, link_tree, place_model
from engine.runs.publish import final_metrics, publish
from engine.runs.store import FolderStore
from engine.tracking.dvc_files import write_metrics
from engine.tracking.events import read_events
from engine.training.checkpoint import checkpoints, read_checkpoint
from engine.training.loop import Loop
from engine.training.record import Record
from engine.training.stop import StoppedAtOnce
from engine.training.system import System


def finish_run(loop: Loop, store: FolderStore, started: float, *, keeps_model: bool) -> str:
    """Make `models/<recipe>` from the best weights; return the verdict in words.

    The model is made in the run's folder and stays there: see `model_store.py`. `started` is on the
    monotonic clock. Without `keeps_model` it holds what was measured, and nothing to use. Raises
    StoppedAtOnce where a signal cuts the samples.
    """
    recipe, folder, project = loop.recipe, store.folder, store.project
    best = read_checkpoint(folder.best)
    loop.conclude(best)
    beside = folder.path / ".model.partial"
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir()
    try:
        if keeps_model:
            loop.system.export(beside / "export")
            loop.watcher.say("writing the model's samples ...")
        loop.sampler.write("final")  # some are measured, where the recipe wants none to listen to
        if keeps_model:
            link_tree(folder.samples, beside / "samples")
            _checkpoints(loop, folder, beside)
        message = _record(beside, loop, store, best.state["step"], started)
        if keeps_model:
            build_report(beside, recipe, remark_on_verdict(History.of(beside), project))
    except (OSError, StoppedAtOnce):
        shutil.rmtree(beside, ignore_errors=True)  # so that a full disk gets no fuller
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
    publish(project, recipe, events, facts["best_step"])
    place_model(folder, project.model(recipe.name))
    folder.finish()
    folder.note_as_latest()
    done = History(tuple(history))
    metrics = final_metrics(history, facts["best_step"])
    return _sentence(recipe, metrics, done, remark_on_verdict(done, project))


def _record(model: Path, loop: Loop, store: FolderStore, step: int, started: float) -> str:
    """Write what was measured of a model, and how it came about; return the verdict in words."""
    recipe, folder, project = loop.recipe, store.folder, store.project
    link_tree(folder.path / "lineage", model / "lineage")
    write_tables(model, loop.record, loop.system, recipe)
    _conclude(loop, store, model, step, started)
    for name in ("events.jsonl", "params.toml", "recipe.toml", "run.json"):
        shutil.copy2(folder.path / name, model / name)
    publish(project, recipe, folder.events, step)
    history = History.of(model)
    metrics = final_metrics([*history.events], step)
    write_metrics(model / "metrics.json", metrics)
    return _sentence(recipe, metrics, history, remark_on_verdict(history, project))


def write_tables(model: Path, record: Record, system: System, recipe: Recipe) -> None:
    """Write the figures of each clip, with their units, into a model's folder."""
    tables = {"clips": record.table(system.eval_clips)}
    if record.judged_ids:
        tables["judged"] = record.judged_table()
    for name, table in tables.items():
        measured = with_units(table, system.metric_units, recipe.system)
        write_clip_table(model / "evaluation" / f"{name}.tsv", measured)


def _checkpoints(loop: Loop, folder: RunFolder, model: Path) -> None:
    """Weights for later phases: bests, kept steps, and the last with its optimizer's state."""
    sources = {path.name: path for path in folder.kept.glob("step_*")}
    sources |= {"best": folder.best, "last": checkpoints(folder.resumable)[0]}
    if folder.other is not None:
        sources[loop.record.other_name] = folder.other
    for name, path in sources.items():
        link_tree(path, model / "checkpoints" / name)


def _conclude(loop: Loop, store: FolderStore, model: Path, step: int, started: float) -> None:
    """Judge expectations and verdict, and write the finish event."""
    recipe = loop.recipe
    store.log.sync()
    history = list(read_events(store.folder.events))
    metrics = final_metrics(history, step)
    expectations = [judge(metric, one, history).facts() for metric, one in recipe.expect.items()]
    comparisons = compare_result(recipe, loop.record, metrics, history)
    metric = recipe.verdict.metric if recipe.verdict else recipe.training.best
    verdict = reach_verdict(recipe.verdict, metric, metrics.get(metric), comparisons.compared)
    facts: dict[str, Any] = {
        "verdict": verdict and verdict.facts(),
        "expectations": expectations,
        "seconds": round(time.monotonic() - started, 1),
        "best_step": step,
        "gain": comparisons.said(),
        "parent": comparisons.parent and comparisons.parent.facts(),
        "baselines": [one.facts() for one in comparisons.baselines],
        "others": [one.facts() for one in (*comparisons.others, *comparisons.by_value)],
        "parting": (parting := loop.parting()) and parting.facts(),
    }
    loop.write("finish", metrics=_figures(metrics), facts=facts)
    store.log.sync()
    write_json(model / "verdict.json", facts["verdict"])


def _sentence(
    recipe: Recipe, metrics: Mapping[str, Any], history: History, remark: str | None
) -> str:
    """The best figure, and the verdict on it."""
    best = recipe.training.best
    figure = f"{recipe.name}: {best} {metrics[best]:.4g} at step {metrics['step']}"
    return f"{figure}. {verdict_in_words(history, remark)}".removesuffix(".")


def _figures(metrics: Mapping[str, Any]) -> dict[str, float | None]:
    """The metrics without what else stands in their file: the step, and digests."""
    return {n: v for n, v in metrics.items() if "/" in n and not isinstance(v, str | dict)}
