"""What the engine adds to a training step: a plain PyTorch loop, and the loop as it is run.

Both do the very same work on the same network and batches: forward, loss, backward, Adam. The plain
way is a loop over batches that are ready; the engine's is the loop of `cantus train`, a log line
every five steps: loading, schedule, gradient norms, guards, events written to disk, and a resumable
checkpoint every epoch of five steps. Evaluations are not part of it: they are work of the system.
"""

import itertools

import numpy as np
import torch

from benchmarks.cantus import recipe_of
from benchmarks.comparison import Batches, Comparison, Training
from benchmarks.words_project import NUM_CLIPS, words_project
from engine.project import Project
from engine.recipe import load_params
from engine.recipe.schema import Recipe
from engine.runs.folder import RunFolder
from engine.runs.store import FolderStore
from engine.system_support.build import build_system
from engine.tracking.events import EventLog
from engine.training.devices import make_device
from engine.training.loop import Loop
from engine.training.order import Order
from engine.training.stop import StopRequest
from engine.training.system import System
from engine.training.watcher import Silent

SIZES = ("audio_vae_plus", "audio_vae")
"""Recipes."""
_STEPS = 5
"""In a round: one log line of the engine's."""


def comparison(size: str) -> Comparison:
    """The plain loop, and the engine's."""
    recipe = recipe_of(
        size,
        [
            f"training.log_every_steps={_STEPS}",
            "training.epochs=100000",
            "training.evaluate_every=epoch:100000",
        ],
    )
    return Comparison(
        project=words_project,
        num_clips=NUM_CLIPS // 2,
        ways={
            "bare": lambda project: Bare(*_system(project, recipe)),
            "engine": lambda project: Engine(*_system(project, recipe), project),
        },
        batch_size=1,  # the batches are those of the recipe's own order
        units={"step": _STEPS},
        num_threads=2,
        first_is_tuned=True,
    )


def _system(project: Project, recipe: Recipe) -> tuple[System, Recipe]:
    params = load_params(project.params)
    make_device(params.hardware, "fp32")  # what it asks of torch holds for both ways
    return build_system(recipe, project, params), recipe


class Bare(Training):
    """A plain PyTorch loop over the engine's batches, which lie ready, at the engine's rate."""

    def __init__(self, system: System, recipe: Recipe) -> None:
        rate = recipe.optimizer["autoencoder"].learning_rate
        self._optimizer = torch.optim.Adam(system.module.parameters(), lr=rate, fused=True)
        self._module, self._weights = system.module, system.turns[0].weights
        order = Order(system.train_clips.lengths, recipe.training.batch_size, seed=1)
        stream, random = order.steps(0), np.random.default_rng(0)
        ready = [
            system.train_clips.batch(next(stream)[1].tolist(), random)
            for _ in range(order.steps_per_epoch)
        ]
        self._batches = itertools.cycle(ready)

    def steps(self, _: Batches) -> None:
        """The steps of a round."""
        for batch in itertools.islice(self._batches, _STEPS):
            terms = self._module.autoencoder(batch)  # type: ignore[operator]
            loss = sum(self._weights[name] * value for name, value in terms.losses.items())
            self._optimizer.zero_grad(set_to_none=True)
            loss.backward()
            self._optimizer.step()


class Engine(Training):
    """The engine's loop, stopped after every round and gone on with."""

    def __init__(self, system: System, recipe: Recipe, project: Project) -> None:
        folder = RunFolder(project.runs("benchmark"))
        self._loop = Loop(
            device=make_device(load_params(project.params).hardware, "fp32"),
            system=system,
            recipe=recipe,
            order=Order(system.train_clips.lengths, recipe.training.batch_size, seed=1),
            store=FolderStore(folder, EventLog(folder.events), project, recipe),
            watcher=Silent(),
            stop=StopRequest(),
        )
        self._stream = self._loop.batches()

    def steps(self, _: Batches) -> None:
        """The steps of a round."""
        end = self._loop.step + _STEPS
        while self._loop.step < end:
            self._loop.advance(next(self._stream))
