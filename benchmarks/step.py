"""A training step, from clips to updated weights: Cantus and the upstream way of it, in turns.

Run it from the project: python -m benchmarks.step codec|higgs|vqvae|xtts|loop [--size SIZE]
[--rounds 9] [--profile] [--dry]. `benchmarks/upstream/<system>.py` says what is compared with what:
a system more is a module more there. Each way is a process of its own; they take turns at a round,
in one order and the other, so that whatever else the machine does falls on all alike. The data are
made on the spot. Results are written beside, with the machine.
"""

import importlib
import json
import multiprocessing
import os
import pkgutil
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import numpy as np
import torch

import benchmarks.upstream
from benchmarks.comparison import Batches, Comparison
from benchmarks.keep_results import keep
from benchmarks.machine import machine
from benchmarks.memory import most_allocated
from engine.project import Project

SYSTEMS = [module.name for module in pkgutil.iter_modules(benchmarks.upstream.__path__)]
WARM_UP = 2
"""Rounds that are not counted."""
CANTUS_ENVIRONMENT = {"GOMP_SPINCOUNT": "5000"}
"""What `cantus train` sets before torch is loaded."""
_PROFILE, _MEMORY = "profile", "memory"
_POSITIONS = "positions_per_step"

Seconds = Mapping[str, float]
"""By clock, `wall` and `cpu`."""


class Worker:
    """A way in a process of its own, which runs the tasks it receives."""

    def __init__(self, system: str, size: str, way: str, tuned: bool, project: Project) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        given = (system, size, way, project, theirs)
        self._process = context.Process(target=_work, args=given, daemon=True)
        with _environment(CANTUS_ENVIRONMENT if tuned else {}):
            self._process.start()
        theirs.close()
        self.parts: Sequence[str] = self._connection.recv()

    def do(self, part: str, batches: Batches) -> Any:
        """Do a part of a round: the seconds it took, or those of its sections."""
        self._connection.send((part, batches))
        return self._connection.recv()

    def stop(self) -> None:
        """End the process."""
        self._connection.send(None)
        self._process.join()


def _work(system: str, size: str, way: str, project: Project, connection: Connection) -> None:
    compared = comparison_of(system, size)
    torch.set_num_threads(compared.num_threads)
    torch.manual_seed(1)
    training = compared.ways[way](project)
    parts = training.parts()
    connection.send([*parts])
    while task := _received(connection):
        part, batches = task
        if part == _PROFILE:
            connection.send(dict(training.sections(batches)))
            continue
        if part == _MEMORY:
            connection.send(most_allocated(partial(training.steps, batches)))
            continue
        wall, cpu = time.perf_counter(), time.process_time()
        parts[part](batches)
        connection.send({"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu})


def _received(connection: Connection) -> tuple[str, Batches] | None:
    with suppress(EOFError):  # the benchmark itself has ended
        task: tuple[str, Batches] | None = connection.recv()
        return task
    return None


@contextmanager
def _environment(more: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(more)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def comparison_of(system: str, size: str) -> Comparison:
    """Compare parts and ways, of one size of a system."""
    comparison: Comparison = _module(system).comparison(size)
    return comparison


def _module(system: str) -> Any:
    return importlib.import_module(f"benchmarks.upstream.{system}")


@click.command()
@click.argument("system", type=click.Choice(SYSTEMS))
@click.option("--rounds", default=9, show_default=True, help="Rounds that are measured.")
@click.option("--size", help="One of the system's sizes, the first by default.")
@click.option("--profile", is_flag=True, help="Print the share of each section of a step.")
@click.option("--dry", is_flag=True, help="Print results, and write none.")
def main(system: str, rounds: int, size: str | None, profile: bool, dry: bool) -> None:
    """Measure a training step of SYSTEM, print and write the results."""
    sizes = _module(system).SIZES
    size = size or next(iter(sizes))
    if size not in sizes:
        raise click.BadParameter(f"{system} has: {', '.join(sizes)}", param_hint="--size")
    compared = comparison_of(system, size)
    torch.set_num_threads(compared.num_threads)
    with TemporaryDirectory() as folder:
        project = compared.project(Path(folder))
        apart = {way: dict(measure(project)) for way, measure in compared.differences.items()}
        known = dict(compared.facts(project))
        print("differences from upstream:", json.dumps(apart, indent=2), flush=True)
        first, *_ = compared.ways
        workers = {
            way: Worker(system, size, way, compared.first_is_tuned or way != first, project)
            for way in compared.ways
        }
        given = _rounds(compared, WARM_UP + rounds)
        if profile:
            _print_sections(workers, given)
        else:
            parts = _summaries(compared, _take_turns(workers, given))
            peaks = {way: _peak_of_a_step(worker, given[0]) for way, worker in workers.items()}
        for worker in workers.values():
            worker.stop()
    if not profile:
        load = {"load_average": round(os.getloadavg()[0], 1)}
        facts = {"machine": machine(compared.num_threads) | load, "rounds": rounds}
        facts |= {"batch_size": compared.batch_size, "differences": apart, **known}
        facts |= {**_with_rates(parts, known, compared), "peak_mib_of_a_step": peaks}
        if dry:
            print(json.dumps(facts, indent=2))
        else:
            keep(f"{system}_step.json", size, facts, sizes)


def _rounds(compared: Comparison, number: int) -> list[Batches]:
    """The clips of each round, at random: an epoch after the other."""
    random = np.random.default_rng(3)
    shape = (number, compared.num_batches, compared.batch_size)
    size = int(np.prod(shape))
    epochs = [random.permutation(compared.num_clips) for _ in range(1 + size // compared.num_clips)]
    chosen = np.concatenate(epochs)[:size].reshape(shape)
    return [one.tolist() for one in chosen]


def _take_turns(
    workers: Mapping[str, Worker], rounds: Sequence[Batches]
) -> dict[str, dict[str, list[Seconds]]]:
    """The seconds of every round that counts, by part and way."""
    parts = next(iter(workers.values())).parts
    times: dict[str, dict[str, list[Seconds]]] = {part: {} for part in parts}
    for number, batches in enumerate(rounds):
        for way in sorted(workers, key=[*workers].index, reverse=bool(number % 2)):
            for part in workers[way].parts:
                seconds = workers[way].do(part, batches)
                if number >= WARM_UP:
                    times[part].setdefault(way, []).append(seconds)
    return times


def _summaries(
    compared: Comparison, times: Mapping[str, Mapping[str, Sequence[Seconds]]]
) -> dict[str, dict[str, dict[str, float]]]:
    """Results of each part and way: milliseconds of a unit, and speed over the first way."""
    clocks = {
        clock: {
            part: {way: [one[clock] for one in seconds] for way, seconds in ways.items()}
            for part, ways in times.items()
        }
        for clock in ("wall", "cpu")
    }
    by_clock = {clock: {**parts, **compared.composed(parts)} for clock, parts in clocks.items()}
    found: dict[str, dict[str, dict[str, float]]] = {}
    for part, ways in by_clock[compared.clock].items():
        units = compared.units.get(part, compared.num_batches)
        first = next(theirs for way in compared.ways if (theirs := ways.get(way)))
        for way in (way for way in compared.ways if way in ways):
            ratios = [theirs / ours for ours, theirs in zip(ways[way], first, strict=True)]
            ms = {
                f"{clock}_ms": round(statistics.median(parts[part][way]) / units * 1e3, 2)
                for clock, parts in by_clock.items()
            }
            found.setdefault(part, {})[way] = {
                **ms,
                "times_faster": round(statistics.median(ratios), 4),
                "times_faster_least": round(min(ratios), 4),
                "times_faster_most": round(max(ratios), 4),
            }
    return found


def _peak_of_a_step(worker: Worker, batches: Batches) -> float:
    """The most that a round's steps add at once to what lies in memory between them, in MiB."""
    return round(float(worker.do(_MEMORY, batches)) / 2**20, 1)


def _with_rates(
    parts: Mapping[str, Mapping[str, Mapping[str, float]]],
    known: Mapping[str, float],
    compared: Comparison,
) -> dict[str, dict[str, dict[str, float]]]:
    """The parts, and of a step its positions a second, where it is known how many it has."""
    found = {part: {way: {**one} for way, one in ways.items()} for part, ways in parts.items()}
    if _POSITIONS in known:
        for one in found["step"].values():
            rate = known[_POSITIONS] / one[f"{compared.clock}_ms"] * 1e3
            one["positions_per_second"] = round(rate, 1)
    return found


def _print_sections(workers: Mapping[str, Worker], rounds: Sequence[Batches]) -> None:
    """Shares of the sections of each way's step, the first rounds left out."""
    for way, worker in workers.items():
        spent: dict[str, float] = {}
        for number, batches in enumerate(rounds):
            for name, seconds in worker.do(_PROFILE, batches).items():
                spent[name] = spent.get(name, 0.0) + seconds * (number >= WARM_UP)
        whole = sum(spent.values())
        shares = sorted(((seconds / whole, name) for name, seconds in spent.items()), reverse=True)
        print(way, json.dumps({name: round(share, 3) for share, name in shares}, indent=2))


if __name__ == "__main__":
    main()
