"""What the engine adds to a training step: the whole loop against the bare step, interleaved.

Run it from the project: python -m benchmarks.engine_cost [--rounds 40]. Both do the very same work
on the same network and batches: forward, loss, backward, Adam. The bare way is a plain PyTorch loop
over batches that are ready; the engine's way is the loop as `cantus train` runs it, a log line
every five steps: loading, schedule, gradient norms, guards, events written to disk, and a resumable
checkpoint every epoch of five steps. Evaluations are not part of it: they are work of the system.
Results are written beside, with the machine.
"""

import itertools
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import numpy as np
import torch

from benchmarks.machine import machine
from benchmarks.words_project import words_project
from engine.project import Project
from engine.recipe import load_params, load_recipe
from engine.recipe.schema import Recipe
from engine.runs.folder import RunFolder
from engine.runs.store import FolderStore
from engine.systems import recipe_classes
from engine.systems.build import build_system
from engine.tracking.events import EventLog
from engine.training.devices import make_fabric
from engine.training.loop import Loop
from engine.training.order import Order
from engine.training.stop import StopRequest
from engine.training.system import System
from engine.training.watcher import Silent

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results"
STEPS = 5
"""Steps in a round: one log line of the engine's."""


def bare(system: System, recipe: Recipe) -> Callable[[], None]:
    """A plain PyTorch loop over the engine's batches, which lie ready, at the engine's rate."""
    rate = recipe.optimizer["autoencoder"].learning_rate
    optimizer = torch.optim.Adam(system.module.parameters(), lr=rate, fused=True)
    weights = system.turns[0].weights
    random = np.random.default_rng(0)
    order = Order(system.train_clips.lengths, recipe.training.batch_size, seed=1)
    stream = order.steps(0)
    ready = [
        system.train_clips.batch(next(stream)[1].tolist(), random)
        for _ in range(order.steps_per_epoch)
    ]
    batches = itertools.cycle(ready)

    def work() -> None:
        for batch in itertools.islice(batches, STEPS):
            terms = system.module.autoencoder(batch)  # type: ignore[operator]
            loss = sum(weights[name] * value for name, value in terms.losses.items())
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()

    return work


def engine(system: System, recipe: Recipe, project: Project) -> Callable[[], None]:
    """The engine's loop, stopped after every `STEPS` steps and gone on with."""
    fabric = make_fabric(load_params(project.params).hardware, "fp32")
    folder = RunFolder(project.runs("benchmark"))
    order = Order(system.train_clips.lengths, recipe.training.batch_size, seed=1)
    loop = Loop(
        fabric=fabric,
        system=system,
        recipe=recipe,
        order=order,
        store=FolderStore(folder, EventLog(folder.events), project, "benchmark"),
        watcher=Silent(),
        stop=StopRequest(),
    )
    stream = loop.batches()
    ends = itertools.count(STEPS, STEPS)

    def work() -> None:
        end = next(ends)
        while loop.step < end:
            loop.advance(next(stream))

    return work


@click.command()
@click.option("--rounds", default=40, show_default=True, help="Rounds that are measured.")
@click.option("--recipe", "name", default="audio_vae_plus", show_default=True)
def main(rounds: int, name: str) -> None:
    """Measure, print and write the results."""
    with TemporaryDirectory() as folder:
        project = words_project(Path(folder))
        recipe = load_recipe(
            ROOT / "recipes" / f"{name}.toml",
            classes=recipe_classes(),
            overrides=[
                f"training.log_every_steps={STEPS}",
                "training.epochs=100000",
                "training.evaluate_every=epoch:100000",
            ],
        )
        params = load_params(project.params)
        ways = {
            "bare": bare(build_system(recipe, project, params), recipe),
            "engine": engine(build_system(recipe, project, params), recipe, project),
        }
        times = _take_turns(ways, rounds)
    ratios = [e / b for e, b in zip(times["engine"], times["bare"], strict=True)]
    results = {
        "machine": machine(params.hardware.num_threads),
        "recipe": name,
        "rounds": rounds,
        "steps_per_round": STEPS,
        "bare_ms_per_step": round(statistics.median(times["bare"]) * 1e3 / STEPS, 2),
        "engine_ms_per_step": round(statistics.median(times["engine"]) * 1e3 / STEPS, 2),
        "engine_over_bare_cpu": round(statistics.median(ratios), 4),
    }
    print(json.dumps(results, indent=2))
    path = RESULTS / f"engine_cost_{name}.json"
    path.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


def _take_turns(ways: dict[str, Callable[[], None]], rounds: int) -> dict[str, list[float]]:
    """CPU seconds of each round; the order alternates."""
    times: dict[str, list[float]] = {way: [] for way in ways}
    for number in range(-2, rounds):
        for way in sorted(ways, reverse=bool(number % 2)):
            started = time.process_time()
            ways[way]()
            if number >= 0:
                times[way].append(time.process_time() - started)
    return times


if __name__ == "__main__":
    main()
