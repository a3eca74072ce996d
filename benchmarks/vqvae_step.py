"""A training step of the audio puzzle VQ-VAE, from audio to updated weights: Cantus and published.

Run it from the project: python -m benchmarks.vqvae_step [--rounds 15]. Three processes take turns
at one step each, so that whatever else the machine does falls on all alike. Cantus's step is the
engine's own (`Stepper`, `VqvaeClips`), with its caches warm; the published one is in
`published_vqvae.py`. The audio is made on the spot. Results are written beside, with the machine.
"""

import itertools
import json
import multiprocessing
import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import numpy as np
import torch

from benchmarks.machine import machine
from benchmarks.published_vqvae import PublishedTraining, published_loss
from benchmarks.words_project import NUM_CLIPS, words_project
from engine.project import Project
from engine.recipe import load_params, load_recipe
from engine.systems import recipe_classes
from engine.systems.build import build_system
from engine.training.devices import make_device
from engine.training.schedules import Length
from engine.training.step import Stepper

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results" / "vqvae_step.json"
BATCH_SIZE, NUM_THREADS = 64, 2

CANTUS_ENVIRONMENT = {"GOMP_SPINCOUNT": "5000"}
"""What `cantus train` sets before torch is loaded."""

Step = Callable[[list[int]], object]


def published(project: Project) -> Step:
    """The published way."""
    torch.manual_seed(1)
    paths = sorted((project.root / "data" / "words").glob("*.wav"))
    return PublishedTraining(paths).step


def cantus(recipe: str) -> Callable[[Project], Step]:
    """The engine's way of a recipe."""

    def make(project: Project) -> Step:
        params = load_params(project.params)
        table = load_recipe(ROOT / "recipes" / f"{recipe}.toml", classes=recipe_classes())
        device = make_device(params.hardware, "fp32")
        torch.manual_seed(1)
        system = build_system(table, project, params)
        stepper = Stepper(device, system, table, Length(10_000, 1_000))
        random = np.random.default_rng(1)
        steps = itertools.count()

        def step(indices: list[int]) -> None:
            stepper.step([system.train_clips.batch(indices, random)], next(steps))

        return step

    return make


WAYS: dict[str, Callable[[Project], Step]] = {
    "published": published,
    "audio_vae": cantus("audio_vae"),
    "audio_vae_plus": cantus("audio_vae_plus"),
}


class Worker:
    """A process of its own that does one step when it is told to."""

    def __init__(self, way: str, project: Project) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(way, project, theirs), daemon=True)
        with _environment({} if way == "published" else CANTUS_ENVIRONMENT):
            self._process.start()

    def step(self, indices: list[int]) -> tuple[float, float]:
        """Do a step; return its wall and CPU seconds."""
        self._connection.send(indices)
        seconds: tuple[float, float] = self._connection.recv()
        return seconds

    def stop(self) -> None:
        """End the process."""
        self._connection.send([])
        self._process.join()


def _work(way: str, project: Project, connection: Connection) -> None:
    torch.set_num_threads(NUM_THREADS)
    step = WAYS[way](project)
    while indices := connection.recv():
        wall, cpu = time.perf_counter(), time.process_time()
        step(indices)
        connection.send((time.perf_counter() - wall, time.process_time() - cpu))


@contextmanager
def _environment(more: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(more)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def same_function(project: Project) -> dict[str, float]:
    """Largest relative differences of loss and gradients, in double precision, equal weights."""
    torch.manual_seed(1)
    reference = PublishedTraining([]).network.double()
    recipe = load_recipe(ROOT / "recipes" / "audio_vae.toml", classes=recipe_classes())
    network = build_system(recipe, project, load_params(project.params)).module.network.double()
    network.load_state_dict(reference.state_dict())
    mel = torch.rand(8, 1, 128, 32, dtype=torch.float64)
    expected, _ = published_loss(reference, mel)
    coded = network(mel)
    losses = coded.quantized.losses
    loss = (coded.reconstruction - mel).square().mean()
    loss = loss + 0.25 * losses["commitment"] + losses["codebook"]
    expected.backward()
    loss.backward()
    pairs = zip(reference.parameters(), network.parameters(), strict=True)
    largest = max(p.grad.abs().max() for p in reference.parameters())
    return {
        "loss": float((loss - expected).detach().abs() / expected.detach()),
        "gradients": float(max((p.grad - q.grad).abs().max() for p, q in pairs) / largest),
    }


@click.command()
@click.option("--rounds", default=15, show_default=True, help="Steps that are measured.")
def main(rounds: int) -> None:
    """Measure, print and write the results."""
    with TemporaryDirectory() as folder:
        project = words_project(Path(folder))
        differences = same_function(project)
        print("difference from the published function:", differences)
        workers = {way: Worker(way, project) for way in WAYS}
        times = _take_turns(workers, rounds)
        for worker in workers.values():
            worker.stop()
    results = {
        "machine": machine(NUM_THREADS),
        "batch_size": BATCH_SIZE,
        "rounds": rounds,
        "difference_from_published": differences,
        "ways": {way: _summary(times[way], times["published"]) for way in times},
    }
    print(json.dumps(results, indent=2))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


def _take_turns(workers: dict[str, Worker], rounds: int) -> dict[str, list[tuple[float, float]]]:
    times: dict[str, list[tuple[float, float]]] = {way: [] for way in workers}
    random = np.random.default_rng(1)
    for number in range(-3, rounds):
        indices = random.integers(0, NUM_CLIPS // 2, BATCH_SIZE).tolist()
        for way, worker in workers.items():
            seconds = worker.step(indices)
            if number >= 0:
                times[way].append(seconds)
    return times


def _summary(
    times: list[tuple[float, float]], published: list[tuple[float, float]]
) -> dict[str, float]:
    walls, cpus = zip(*times, strict=True)
    ratios = [theirs[0] / ours[0] for ours, theirs in zip(times, published, strict=True)]
    return {
        "wall_ms": round(statistics.median(walls) * 1e3, 1),
        "cpu_ms": round(statistics.median(cpus) * 1e3, 1),
        "times_faster": round(statistics.median(ratios), 2),
        "times_faster_least": round(min(ratios), 2),
        "times_faster_most": round(max(ratios), 2),
    }


if __name__ == "__main__":
    main()
