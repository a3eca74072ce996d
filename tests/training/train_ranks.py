"""Trains the toy in several processes: forked ones, as torchrun has them, or by the launcher."""

import json
import multiprocessing
import os
import socket
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from attrs import evolve
from torch import nn

from engine.runs.launch import launch as launch_processes
from engine.tracking.events import read_events
from engine.training.processes import LAUNCHER, environment
from tests.training.toy import ToyClips, build_toy
from tests.training.train_toy import start, start_other, train


class SteadyClips(ToyClips):
    """The noise of a clip is always the same, in whichever process and part of a batch it is."""

    def batch(self, indices, random):
        rows = [super(SteadyClips, self).batch([i], np.random.default_rng(i)) for i in indices]
        return {name: torch.cat([row[name] for row in rows]) for name in rows[0]}


def build_steady(recipe, project, params):
    """A toy without dropout and batch statistics: what it learns does not depend on processes."""
    system = build_toy(recipe, project, params)
    network = system.module.network
    network[1], network[2] = nn.Identity(), nn.Identity()
    left = dict(system.module.named_parameters())
    system.turns = [
        evolve(turn, parameters={n: p for n, p in turn.parameters.items() if n in left})
        for turn in system.turns
    ]
    system.train_clips = SteadyClips(recipe.dataset.num_clips, 0)
    return system


def start_ranks(folder: Path, world: int = 2, **settings: Any) -> list[Any]:
    """Start a run in processes that know each other as torchrun's do."""
    port = free_port()
    return [
        start(folder, before=partial(be_rank, rank, world, port), **settings)
        for rank in range(world)
    ]


def start_below_launcher(folder: Path, **settings: Any) -> Any:
    """Start a process that has started two which train, as the launcher has."""
    return start_other(_launcher, folder, free_port(), settings)


def _launcher(folder: Path, port: int, settings: dict[str, Any]) -> None:
    os.environ[LAUNCHER] = str(os.getpid())
    forked = multiprocessing.get_context("fork")
    given = [settings | {"before": partial(be_rank, rank, 2, port)} for rank in range(2)]
    processes = [forked.Process(target=train, args=(folder, one)) for one in given]
    for process in processes:
        process.start()
    for process in processes:
        process.join()


def finish_ranks(folder: Path, world: int = 2, **settings: Any) -> None:
    """Run to the end in several processes."""
    processes = start_ranks(folder, world, **settings)
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0] * world, errors(folder)


def in_ranks(target: Any, folder: Path, world: int = 2) -> None:
    """Call `target(folder)` in several processes that know each other."""
    port = free_port()
    processes = [start_other(_called, target, folder, rank, world, port) for rank in range(world)]
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0] * world


def launch(folder: Path, world: int = 2, **settings: Any) -> subprocess.Popen[str]:
    """Start a run as a command line that starts its other processes itself."""
    (folder / "step").unlink(missing_ok=True)
    words = [str(folder), json.dumps({"num_devices": world} | settings)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", __name__, *words],
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def last_stop(folder: Path) -> str:
    """Why the last run in a folder ended."""
    (log,) = folder.glob("runs/toy/*/events.jsonl")
    return str(list(read_events(log))[-1].facts["reason"])


def errors(folder: Path) -> str:
    return "; ".join(path.read_text() for path in sorted(folder.glob("error*")))


def children(process: Any) -> list[int]:
    """The processes that a launcher has started."""
    path = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    return [int(word) for word in path.read_text().split()]


def rank_of(number: int) -> str:
    """Which of a run's processes it is."""
    lines = Path(f"/proc/{number}/environ").read_text().split("\0")
    return dict(line.partition("=")[::2] for line in lines)["RANK"]


def is_alive(number: int) -> bool:
    path = Path(f"/proc/{number}/stat")
    return path.exists() and path.read_text().rpartition(")")[2].split()[0] != "Z"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def be_rank(rank: int, world: int, port: int) -> None:
    """Set what torchrun sets."""
    given = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": world, "MASTER_PORT": port}
    os.environ.update({name: str(value) for name, value in given.items()})
    os.environ.update({"MASTER_ADDR": "127.0.0.1", "GLOO_SOCKET_IFNAME": "lo"})


def _called(target: Any, folder: Path, rank: int, world: int, port: int) -> None:
    from engine.recipe.params import Hardware
    from engine.runs.launch import joined

    be_rank(rank, world, port)
    with joined(Hardware(device="cpu", num_threads=1)) as ranks:
        target(folder, ranks)


if __name__ == "__main__":
    settings = json.loads(sys.argv[2])
    if "WORLD_SIZE" not in environment():
        sys.exit(launch_processes(settings["num_devices"]))
    build = {"steady": build_steady, "toy": build_toy}[settings.pop("build", "steady")]
    train(Path(sys.argv[1]), {"build": build, **settings})
