"""Trains the toy in a process of its own, forked from one that has torch imported already."""

import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from attrs import field, fields_dict, frozen

from engine.cli.show.console import ConsoleWatcher
from engine.errors import UserError
from engine.files.disk import refusals_in_words
from engine.project import Project
from engine.recipe.params import Hardware, Mirror, Notify, Params, Strategy, Tracking
from engine.runs.run import Builder, Run
from engine.training.watcher import Silent
from tests.training.toy import ToyModel, build_toy, toy_recipe

_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(
    ["matplotlib.pyplot", "engine.training.data_parallel", "torch._dynamo", __name__]
)


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


class SlowConsole(ConsoleWatcher):
    """The watcher of the command line, which takes its time too."""

    def __init__(self, folder: Path, seconds: float) -> None:
        super().__init__()
        self._slow = Slow(folder, seconds)

    def progress(self, progress):
        super().progress(progress)
        self._slow.progress(progress)


@frozen
class Circumstances:
    """What is out of the ordinary about a process that trains."""

    seconds: float = 0.0
    """It sleeps so long after every step."""
    before: Callable[[], None] | None = None
    """Called in it before it trains."""
    watcher: type[Slow | SlowConsole] = Slow
    project: Path | None = None
    """Where runs and models go, if not beside the notes on where it is."""
    mirrors: tuple[Mirror, ...] = ()
    notify: Notify = Notify()  # noqa: RUF009
    again: bool = False
    build: Builder = build_toy
    num_devices: int = 1
    strategy: Strategy = "replicate"
    variant: Mapping[str, Any] = field(factory=dict)


_CIRCUMSTANCES = fields_dict(Circumstances)


def start(folder: Path, seconds: float = 0.0, **settings: Any):
    """Start a run in a process that can be killed; its step stands in FOLDER/step.

    Settings are fields of Circumstances, `adversary`, or the recipe's.
    """
    (folder / "step").unlink(missing_ok=True)
    process = _SERVER.Process(target=train, args=(folder, {"seconds": seconds} | settings))
    process.start()
    return process


def finish(folder: Path, **settings: Any) -> None:
    """Run to the end."""
    process = start(folder, **settings)
    process.join(120)
    assert process.exitcode == 0, (folder / "error").read_text()


def wait_for_step(folder: Path, step: int) -> None:
    """Wait until the run in `folder` has reached a step."""
    for _ in range(6000):
        path = folder / "step"
        if path.exists() and int(path.read_text() or 0) >= step:
            return
        time.sleep(0.02)
    raise AssertionError(f"the run never reached step {step}")


def train(folder: Path, settings: dict[str, Any]) -> None:
    """Train in this process, and leave it as the command line would."""
    given = {name: settings.pop(name) for name in _CIRCUMSTANCES if name in settings}
    around = Circumstances(**given)
    project = around.project or folder
    adversary = settings.pop("adversary", False)
    model = ToyModel(adversary=adversary, broken=settings.pop("broken", ""))
    settings = {"epochs": 6, "checkpoint_every": "step:3", "ema_decay": 0.9} | settings
    recipe = toy_recipe(model=model, **{"log_every_steps": 1} | settings)
    watcher = around.watcher(folder, around.seconds)
    if around.before is not None:
        around.before()
    try:
        with refusals_in_words("A file", project):
            if not (project / "params.toml").is_file():
                (project / "params.toml").write_text("seed = 1\n")
            params = _params(around)
            run = Run(
                recipe, Project(project), params, around.build, watcher, around.again,
                variant=around.variant,
            )  # fmt: skip
            outcome = run.train()
            if outcome is None:
                sys.exit(0)  # the run's first process says it all
            if outcome.message:
                watcher.say(outcome.message)
    except UserError as error:
        rank = os.environ.get("RANK", "0")
        (folder / ("error" if rank == "0" else f"error_of_{rank}")).write_text(str(error))
        sys.exit(2)
    sys.exit({"finished": 0, "guard": 1}.get(outcome.ending, 130))


def start_other(target: Callable[..., None], *arguments: Any):
    """Start something else in a process like those that train."""
    process = _SERVER.Process(target=target, args=arguments)
    process.start()
    return process


def _params(around: Circumstances) -> Params:
    return Params(
        profile="full",
        seed=1,
        hardware=Hardware(
            device="cpu",
            num_threads=1,
            num_devices=around.num_devices,
            strategy=around.strategy,
        ),
        corpora={},
        tracking=Tracking(mirrors=around.mirrors, notify=around.notify),
    )
