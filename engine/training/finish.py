"""The end of a run: the best weights become the model, with samples, export and report."""

import shutil
import time
from pathlib import Path
from typing import Any

from engine.project import Project
from engine.recipe.schema import Recipe
from engine.report.expectations import judge
from engine.report.page import build_report
from engine.report.verdict import reach_verdict
from engine.tracking.events import read_events
from engine.training.checkpoint import read_checkpoint
from engine.training.folder import RunFolder, write_json
from engine.training.loop import Loop
from engine.training.publish import final_metrics, publish


def finish_run(loop: Loop, folder: RunFolder, project: Project, started: float) -> str:
    """Make `models/<recipe>` from the best weights; return the verdict in words."""
    recipe = loop.recipe
    best = read_checkpoint(folder.kept / "best")
    loop.system.objective.load_state_dict(dict(best.weights), strict=True)
    loop.average = None  # the best weights are the averages already, where the recipe averages
    model = project.model(recipe.name)
    beside = model.with_name(f".{recipe.name}.partial")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    loop.system.objective.eval()
    loop.system.export(beside / "export")
    loop.sample("final")
    shutil.copytree(folder.samples, beside / "samples")
    _checkpoints(folder, beside)
    message = _conclude(loop, folder, beside, best.state["step"], started)
    for name in ("events.jsonl", "params.toml", "recipe.toml", "run.json"):
        shutil.copy2(folder.path / name, beside / name)
    publish(project, recipe.name, folder.events, best.state["step"])
    shutil.copy2(project.metrics(recipe.name), beside / "metrics.json")
    build_report(beside, recipe)
    shutil.rmtree(model, ignore_errors=True)
    beside.rename(model)
    folder.finish()
    return message


def _checkpoints(folder: RunFolder, model: Path) -> None:
    """Weights for later phases: best, kept steps, and the last with its optimiser's state."""
    shutil.copytree(folder.kept, model / "checkpoints")
    newest = max(folder.resumable.glob("step_*"))
    shutil.copytree(newest, model / "checkpoints" / "last")


def _conclude(loop: Loop, folder: RunFolder, model: Path, step: int, started: float) -> str:
    """Judge expectations and verdict, write the finish event and say the verdict."""
    recipe = loop.recipe
    loop.log.sync()
    history = list(read_events(folder.events))
    metrics = final_metrics(history, step)
    expectations = [judge(name, one, history).facts() for name, one in recipe.expect.items()]
    table = recipe.verdict
    verdict = None if table is None else reach_verdict(table, metrics[table.metric]).facts()
    facts: dict[str, Any] = {
        "verdict": verdict,
        "expectations": expectations,
        "seconds": round(time.time() - started, 1),
        "best_step": step,
    }
    loop.write("finish", metrics={n: v for n, v in metrics.items() if "/" in n}, facts=facts)
    loop.log.sync()
    write_json(model / "verdict.json", verdict)
    return _sentence(recipe, metrics, verdict)


def _sentence(recipe: Recipe, metrics: dict[str, Any], verdict: dict[str, Any] | None) -> str:
    best = recipe.training.best
    said = f"{recipe.name}: {best} {metrics[best]:.4g} at step {metrics['step']}"
    if verdict is None:
        return said
    return f"{said}. {verdict['say']} (keep {verdict['keep']})"
