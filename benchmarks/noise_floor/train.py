"""Trains a recipe with one seed, and returns what is kept of it: the figures of each clip."""

import shutil
import time
from pathlib import Path
from typing import Any

import torch
from attrs import evolve

from benchmarks.noise_floor.recipes import Seeds
from engine.project import Project
from engine.recipe import load_params, load_recipe
from engine.report.run_files import RunFiles
from engine.runs.run import Run
from engine.system_support.build import build_system
from engine.system_support.discovery import recipe_classes
from engine.training.watcher import Silent

_BEST = "best/"


def train(group: Seeds, seed: int, project: Project) -> dict[str, Any]:
    """Train a group's recipe with a seed under a name of its own; delete what training leaves."""
    path = project.recipe(group.recipe, "demo")
    recipe = load_recipe(path, classes=recipe_classes(), overrides=group.overrides)
    recipe = evolve(recipe, name=f"noise_floor_{group.name}")
    params = load_params(project.params)
    params = evolve(params, seed=seed, hardware=evolve(params.hardware, num_threads=1))
    torch.set_num_threads(1)
    started, cpu = time.monotonic(), time.process_time()
    outcome = Run(recipe, project, params, build_system, Silent()).train()
    assert outcome is not None, "there is one process"
    row: dict[str, Any] = {"seed": seed, "ending": outcome.ending}
    if outcome.ending == "finished":
        row |= _measured(RunFiles(recipe.name, project.model(recipe.name), recipe))
    row |= {
        "cpu_seconds": round(time.process_time() - cpu, 1),
        "seconds": round(time.monotonic() - started, 1),
    }
    _forget(recipe.name, project)
    return row


def _measured(run: RunFiles) -> dict[str, Any]:
    """The run's figures of each clip, by metric, clips in the order of their digests."""
    table = run.tables["clips"]
    figures = {
        name.removeprefix(_BEST): [float(f"{value:.6g}") for value in values]
        for name, values in table.figures.items()
        if name.startswith(_BEST)
    }
    return {"evaluation_set": run.evaluation_set, "figures": figures}


def _forget(name: str, project: Project) -> None:
    places: list[Path] = [project.model(name), project.runs(name), project.plots(name)]
    for place in places:
        shutil.rmtree(place, ignore_errors=True)
    project.metrics(name).unlink(missing_ok=True)
