"""The processes of one run: started, joined into a group, and ended together.

The first starts the others with its own command line, or torchrun starts all of them. Lightning
Fabric has a launcher too, but it kills the first process, even while it saves, as soon as another
one leaves with an error.
"""

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import IO

import torch
import torch.distributed as dist
from attrs import field, frozen

from engine.errors import UserError
from engine.recipe.params import Hardware
from engine.recipe.training import Training
from engine.training.ranks import PeerLostError, Ranks

_PATIENCE = timedelta(hours=24)
"""The others wait so long while the first evaluates. One that died is noticed much sooner."""
_SECONDS_TO_NOTICE = 15.0
_LAST_WORDS = 2000
_LEASH = "CANTUS_ENDS_WITH_STDIN"
_MEETING = "CANTUS_MEETS_AT"
"""Set for processes that Cantus started: the address at which they find each other."""


def num_processes(hardware: Hardware) -> int:
    """The processes that train a run: those that torchrun started, or one for each device.

    Raises UserError where torchrun and `hardware` contradict each other.
    """
    given = _started_outside()
    if given is None:
        return hardware.num_devices
    needed = {"RANK"} if _MEETING in os.environ else {"RANK", "MASTER_ADDR", "MASTER_PORT"}
    missing = needed - os.environ.keys()
    if missing:
        raise UserError(
            f"WORLD_SIZE is {given} here, but {', '.join(sorted(missing))} are not set: start the "
            "command with torchrun, or unset WORLD_SIZE."
        )
    if hardware.num_devices not in (1, given):
        raise UserError(
            f"torchrun starts {given} processes, but params.toml says hardware.num_devices = "
            f"{hardware.num_devices}: make them the same, or leave num_devices out."
        )
    return given


def require_equal_parts(training: Training, num_processes: int) -> None:
    """Raise UserError where several processes cannot each take an equal part of a batch."""
    parts = num_processes * training.num_micro_batches
    if num_processes > 1 and training.batch_size % parts:
        raise UserError(
            f"training.batch_size = {training.batch_size} is the clips of a step over all devices. "
            f"{num_processes} devices and training.num_micro_batches = "
            f"{training.num_micro_batches} cut it into {parts} parts: make it a multiple of "
            f"{parts}, or change hardware.num_devices in params.toml."
        )


@contextmanager
def joined(hardware: Hardware) -> Iterator[Ranks]:
    """Inside, this process is one of those that train the run; all of them leave together.

    It starts the others, unless it was itself started as one of them. Raises UserError where
    another one is lost, with what it said last.
    """
    total = num_processes(hardware)
    if total == 1:
        yield Ranks()
    elif _started_outside() is None:
        with _with_others(total) as ranks:
            yield ranks
    else:
        rank = int(os.environ["RANK"])
        place = int(os.environ.get("LOCAL_RANK", rank))
        with _group(Ranks(rank, total, place), os.environ.get(_MEETING, "env://")) as ranks:
            yield ranks


def _started_outside() -> int | None:
    """The processes that torchrun, or the first of this run, started; None for a plain start."""
    given = int(os.environ.get("WORLD_SIZE", "1"))
    return given if given > 1 else None


@contextmanager
def _group(ranks: Ranks, address: str) -> Iterator[Ranks]:
    """Inside, the processes can speak to each other. In order, none leaves before the others."""
    if _LEASH in os.environ:
        threading.Thread(target=_end_with_stdin, daemon=True).start()
    dist.init_process_group(
        "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo",
        init_method=address,
        rank=ranks.rank,
        world_size=ranks.world_size,
        timeout=_PATIENCE,
    )
    try:
        yield ranks
        ranks.largest([0])
    finally:
        dist.destroy_process_group()


def _end_with_stdin() -> None:
    """End this process when the first one, which holds the other end, is gone: it may be killed."""
    while os.read(0, 1):
        pass
    os._exit(1)


@contextmanager
def _with_others(total: int) -> Iterator[Ranks]:
    """Inside, this is the first of so many processes on this machine; after, the only one."""
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")  # their connections stay on this machine
    others = _Others()
    with _meeting() as address:
        try:
            others.start(total, address)
            with _group(Ranks(0, total), address) as ranks:
                yield ranks
        except PeerLostError as error:
            others.wait_for_failure()
            raise UserError(others.last_words() or str(error)) from error
        finally:
            others.end()


@contextmanager
def _meeting() -> Iterator[str]:
    """The address of a file in a folder of this user's alone.

    A port, which torch opens on every interface, could be reached by others.
    """
    with tempfile.TemporaryDirectory(prefix="cantus-") as folder:
        yield (Path(folder) / "meeting").as_uri()


@frozen
class _Others:
    """The processes that the first one started. They own nothing, so they may be killed."""

    started: dict[int, tuple[subprocess.Popen[bytes], IO[bytes]]] = field(factory=dict)
    """Each with what it writes, by rank."""
    over: threading.Event = field(factory=threading.Event)

    def start(self, total: int, address: str) -> None:
        """Start them with this process's command line, silent, and watch that they live.

        Each has a session of its own, so that Ctrl-C reaches the first alone, and lives until its
        standard input closes, because the first ended them or died.
        """
        common = {"WORLD_SIZE": str(total), _MEETING: address, _LEASH: "1"}
        for rank in range(1, total):
            place = {"RANK": str(rank), "LOCAL_RANK": str(rank)}
            # It lives as long as this object; a pipe that nobody reads could fill up.
            output = tempfile.TemporaryFile()  # noqa: SIM115
            process = subprocess.Popen(
                [sys.executable, *sys.orig_argv[1:]],
                env={**os.environ, **common, **place},
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
            self.started[rank] = (process, output)
        threading.Thread(target=self._watch, daemon=True).start()

    def last_words(self) -> str | None:
        """How those ended that failed, and what they said; None where none did."""
        words = []
        for rank, (process, output) in self.started.items():
            if process.poll():
                output.seek(0)
                said = output.read()[-_LAST_WORDS:].decode(errors="replace").strip()
                words.append(f"process {rank} ended with code {process.returncode}, saying: {said}")
        if not words:
            return None
        return (
            "One of the processes that trained this run failed, and ended it. The same command "
            f"goes on from the last checkpoint. Here is how: {'; '.join(words)}"
        )

    def wait_for_failure(self) -> None:
        """Wait a little: a connection is lost before the process at its other end is gone."""
        for _ in range(50):
            if self._any_failed() or self.over.wait(0.1):
                return

    def end(self) -> None:
        """Kill those that are left."""
        self.over.set()
        for process, output in self.started.values():
            process.kill()
            process.communicate()
            output.close()

    def _any_failed(self) -> bool:
        return any(process.poll() for process, _ in self.started.values())

    def _watch(self) -> None:
        """End this process too where one died and the main thread cannot see it.

        It sees a lost connection at once, unless it waits for a GPU that waits for the other's.
        """
        while not self.over.wait(1.0):
            if self._any_failed() and not self.over.wait(_SECONDS_TO_NOTICE):
                sys.stderr.write(f"error: {self.last_words()}\n")
                os._exit(2)
