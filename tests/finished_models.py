"""Finished models as training leaves them, with real checkpoints, for tests of what uses them."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch

from engine.evaluation.audio import SPAN, ClipAudio
from engine.evaluation.digests import as_digests
from engine.evaluation.lineage import write_lineage
from engine.recipe import load_recipe, to_plain, write_recipe
from engine.recipe.code import training_code
from engine.system_support.discovery import recipe_classes
from engine.tracking.events import Event
from engine.training.checkpoint import Checkpoint, write_checkpoint
from tests.run_folders import add_events, make_finished, start

STEPS = {"best": 20, "last": 30, "step_10": 10}


def make_model(
    root: Path,
    *,
    run: str = "3f9c2ab81d04",
    keep: str = "words",
    events: Iterable[Event] = (),
    trained_on: str = "trained",
    value: float = 4.0,
) -> Path:
    """A model of the recipe `words` of a project; return its folder."""
    folder = root / "models" / "words"
    names = ["clips 0", "clips 1"] if trained_on == "evaluation" else [trained_on]
    trained = as_digests(hashlib.sha256(name.encode()).hexdigest() for name in names)
    make_finished(folder, {"rmse_db": np.full(40, value) + np.linspace(-1, 1, 40)})
    recipe = load_recipe(root / "recipes" / "demo" / "words.toml", classes=recipe_classes())
    write_recipe(recipe, folder / "recipe.toml")
    covers = {"seed": 1, "parent": "", "settings": to_plain(recipe, identity_only=True)}
    about = {"recipe": "words", "system": "vqvae", "identity": run, "parent": None}
    about["covers"] = covers | {"code": training_code(recipe)}
    (folder / "run.json").write_text(json.dumps(about))
    for name, step in STEPS.items():
        weights = {"w": torch.full((4,), value + step)}
        write_checkpoint(Checkpoint({"step": step}, weights), folder / "checkpoints" / name)
    (folder / "export").mkdir(exist_ok=True)
    (folder / "export" / "model.bin").write_bytes(run.encode() * 20_000)
    write_lineage(folder, names, ClipAudio(trained, np.zeros(len(names), SPAN)), {})
    verdict = {"metric": "eval/rmse_db", "value": value, "keep": keep, "say": "worse than before"}
    if keep == "words":
        verdict["say"] = "better than all baselines"
    (folder / "verdict.json").write_text(json.dumps(verdict))
    facts = {"verdict": verdict, "seconds": 1.0, "best_step": 20, "expectations": []}
    evaluated = Event("eval", 10, 0.5, {"eval/rmse_db": 9.0})
    (folder / "events.jsonl").unlink(missing_ok=True)
    add_events(folder, [start("words"), evaluated, *events, Event("finish", 30, 1.0, {}, facts)])
    return folder
