"""One training by somebody else's trainer of a broken or a healthy setup, in its own process."""

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from attrs import asdict
from safetensors.torch import load_file

from benchmarks.mutants.child import TIMED_OUT, run_in_child
from benchmarks.mutants.piece import Piece, command
from benchmarks.mutants.project import HEALTHY, MUTANT, Projects
from benchmarks.mutants.rivals.notices import Notices
from benchmarks.mutants.rivals.setting import Setting
from benchmarks.mutants.workbench import Workbench
from engine.errors import UserError
from engine.project import Project
from engine.recipe import load_params, load_recipe
from engine.recipe.schema import Recipe
from engine.system_support.build import build_system
from engine.system_support.discovery import recipe_classes

TRAINERS: Mapping[str, str] = {
    "plain": "benchmarks.mutants.rivals.plain",
    "lightning": "benchmarks.mutants.rivals.with_lightning",
    "coqui": "benchmarks.mutants.rivals.with_coqui",
}
"""The module of each trainer, which has `train(setting, notices, folder)`."""
LIMIT_SECONDS = 120.0
Train = Callable[[Setting, Notices, Path], None]


def run_rival(trainer: str, piece: Piece, projects: Projects) -> dict[str, Any]:
    """Train a piece by a trainer; what it said, or why the fault does not apply there."""
    root = projects.piece(piece.setup, piece.operator, piece.seed)
    ended = run_in_child(root, lambda: _train(trainer, piece, root), LIMIT_SECONDS)
    system, operator, seed = piece.key
    row = {"trainer": trainer, "system": system, "operator": operator, "seed": seed}
    if ended.code not in (0, TIMED_OUT):
        raise RuntimeError((root / "output.txt").read_text("utf-8", errors="replace")[-2_000:])
    row |= {"code": ended.code, "cpu_seconds": round(ended.cpu_seconds, 1)}
    return row | {"notices": [], "reached": 0, "steps": 0} | ended.left


def _train(trainer: str, piece: Piece, root: Path) -> dict[str, Any]:
    """The result of a training. Faults of a recipe that Cantus refuses to read do not apply."""
    operator = piece.operator
    if operator is not None and operator.data is not None and command("ingest", piece.setup.corpus):
        return {"code": 0, "unfit": "Cantus's ingest refuses the corpus, which trainers share"}
    project = Project(root)
    try:
        path = root / "recipes" / f"{MUTANT}.toml"
        recipe = load_recipe(path, classes=recipe_classes())
    except UserError as error:
        if operator is None:
            raise
        return {"code": 0, "unfit": f"Cantus refuses to read the recipe: {error}"}
    try:
        setting, bench = _broken(piece, recipe, project)
    except UserError as error:
        if operator is None:
            raise
        return {"code": 0, "unfit": f"Cantus refuses the data or the recipe: {error}"}
    notices = Notices(lambda: setting.step)
    train: Train = importlib.import_module(TRAINERS[trainer]).train
    with notices.listening():
        _load_parent(setting, project)
        train(setting, notices, root / "rival")
    bench.undo()
    reached = bench.reached if operator is not None and operator.code is not None else 1
    said = [asdict(one) for one in notices.found]
    return {"code": 0, "reached": reached, "steps": setting.step, "notices": said}


def _broken(piece: Piece, recipe: Recipe, project: Project) -> tuple[Setting, Workbench]:
    torch.manual_seed(piece.seed)
    system = build_system(recipe, project, load_params(project.params))
    bench = Workbench(system, recipe, piece.setup.anatomy)
    if piece.operator is not None and piece.operator.code is not None:
        piece.operator.code(bench)
    return Setting(bench.system, recipe, piece.seed), bench


def _load_parent(setting: Setting, project: Project) -> None:
    """The weights of the phase before, where there is one."""
    if setting.recipe.start is None:
        return
    last = project.model(HEALTHY) / "checkpoints" / "last" / "weights.safetensors"
    setting.system.module.load_state_dict(load_file(last))
