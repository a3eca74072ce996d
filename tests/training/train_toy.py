"""Trains the toy in a process of its own, forked from one that has torch imported already."""

import multiprocessing
import sys
import time
from pathlib import Path
from typing import Any

from engine.errors import UserError
from engine.project import Project
from engine.recipe.params import Hardware, Params, Tracking
from engine.training.run import Run
from engine.training.watcher import Silent
from tests.training.toy import ToyModel, build_toy, toy_recipe

_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(["matplotlib.pyplot", __name__])


class Slow(Silent):
    """Takes its time, so that a test can strike in the middle; says where it is."""

    def __init__(self, folder: Path, seconds: float) -> None:
        self.folder, self.seconds = folder, seconds

    def say(self, sentence):
        with (self.folder / "said").open("a") as file:
            file.write(sentence + "\n")

    def progress(self, progress):
        (self.folder / "step").write_text(str(progress.step))
        time.sleep(self.seconds)


def start(folder: Path, seconds: float = 0.0, **settings: Any):
    """Start a run in a process that can be killed; its step stands in FOLDER/step."""
    (folder / "step").unlink(missing_ok=True)
    process = _SERVER.Process(target=_train, args=(folder, seconds, settings))
    process.start()
    return process


def finish(folder: Path, **settings: Any) -> None:
    """Run to the end."""
    process = start(folder, **settings)
    process.join(120)
    assert process.exitcode == 0, (folder / "error").read_text()


def wait_for_step(folder: Path, step: int) -> None:
    """Wait until the run in `folder` has reached a step."""
    for _ in range(3000):
        path = folder / "step"
        if path.exists() and int(path.read_text() or 0) >= step:
            return
        time.sleep(0.02)
    raise AssertionError(f"the run never reached step {step}")


def _train(folder: Path, seconds: float, settings: dict[str, Any]) -> None:
    (folder / "params.toml").write_text("seed = 1\n")
    adversary = settings.pop("adversary", False)
    settings = {"epochs": 6, "checkpoint_every": "step:3", "ema_decay": 0.9} | settings
    recipe = toy_recipe(model=ToyModel(adversary=adversary), log_every_steps=1, **settings)
    try:
        run = Run(recipe, Project(folder), _params(), build_toy, Slow(folder, seconds))
        outcome = run.train()
    except UserError as error:
        (folder / "error").write_text(str(error))
        sys.exit(2)
    sys.exit({"finished": 0, "guard": 1}.get(outcome.ending, 130))


def _params() -> Params:
    return Params(
        profile="full",
        seed=1,
        hardware=Hardware(device="cpu", num_threads=1),
        corpora={},
        tracking=Tracking(aim=False),
    )
