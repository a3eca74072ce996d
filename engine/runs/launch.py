"""The processes of one run: started by torch's elastic launcher, joined into a group.

`cantus train` with hardware.num_devices > 1 becomes the launcher of as many processes with its own
command line. Under torchrun, SLURM or Kubernetes they are there already, and their environment
says which is which.
"""

import logging
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import torch
import torch.distributed as dist

from engine.errors import UserError
from engine.exit_codes import Exit
from engine.recipe.params import Hardware
from engine.runs.children import end_with_parent, signals_passed_on
from engine.training.processes import LAUNCHER, MEETING, environment, num_processes
from engine.training.ranks import PeerLostError, Ranks

if TYPE_CHECKING:
    from torch.distributed.elastic.multiprocessing.errors import ProcessFailure

_PATIENCE = timedelta(hours=24)
"""Time the other processes wait while the first evaluates. A dead one is noticed much sooner."""
_SECONDS_TO_END = 15
"""Seconds the launcher waits for the other processes, once one has failed."""
_SECONDS_TO_SPEAK = 2.0
"""Seconds by which a process outlives its cause: the launcher ends all after the first ending."""
_LAST_WORDS = 2000


@contextmanager
def joined(hardware: Hardware) -> Iterator[Ranks]:
    """Inside, this process is one of those that train the run; all of them leave together.

    Raises PeerLostError where another process is lost. Under Cantus's own launcher, which reports
    that, the process ends silently.
    """
    total = num_processes(hardware)
    if total == 1:
        yield Ranks()
        return
    os.environ.update(environment())
    if LAUNCHER in os.environ:
        _end_with_launcher(int(os.environ[LAUNCHER]))
    rank = int(os.environ["RANK"])
    place = int(os.environ.get("LOCAL_RANK", rank))
    try:
        with _group(Ranks(rank, total, place, hardware.strategy)) as ranks, _first_to_speak(ranks):
            yield ranks
    except PeerLostError:
        if LAUNCHER in os.environ:
            time.sleep(_SECONDS_TO_SPEAK)
            sys.exit(Exit.LOST_ANOTHER)
        raise


@contextmanager
def _first_to_speak(ranks: Ranks) -> Iterator[None]:
    """Inside, the first process alone reports errors; the others wait for its end."""
    try:
        yield
    except UserError as error:
        if LAUNCHER in os.environ and not ranks.is_first and not isinstance(error, PeerLostError):
            time.sleep(_SECONDS_TO_SPEAK)
        raise


def _end_with_launcher(launcher: int) -> None:
    """Receive a signal to stop when the launcher is gone, which may have been killed."""
    if not end_with_parent(launcher):
        sys.exit(Exit.LOST_ANOTHER)


@contextmanager
def _group(ranks: Ranks) -> Iterator[Ranks]:
    """Inside, the processes can communicate. Without an error, they leave together."""
    dist.init_process_group(
        "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo",
        init_method=os.environ.get(MEETING, "env://"),
        rank=ranks.rank,
        world_size=ranks.world_size,
        timeout=_PATIENCE,
    )
    try:
        yield ranks
        ranks.largest([0])
    finally:
        dist.destroy_process_group()


def launch(num_devices: int) -> int:
    """Run this process's command line in so many processes, silent but for the first.

    Returns the exit code of the process that decided how the run ended. The last words of any
    other process that failed are printed.
    """
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

    with tempfile.TemporaryDirectory(prefix="cantus-") as folder, signals_passed_on():
        _communicate_on_this_machine_alone(Path(folder))
        try:
            _run(num_devices, Path(folder))
        except ChildFailedError as error:
            return _report_failure(error.failures, Path(folder))
    return 0


def _run(num_devices: int, folder: Path) -> None:
    from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs, Std
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    logging.getLogger("torch.distributed").setLevel(logging.CRITICAL)  # it reports every ending
    silent = dict.fromkeys(range(1, num_devices), Std.ALL)
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=num_devices,
        run_id="cantus",
        max_restarts=0,
        rdzv_backend="c10d",
        rdzv_endpoint=str(folder / "launcher"),
        rdzv_configs={"store_type": "file"},
        local_addr="127.0.0.1",
        logs_specs=DefaultLogsSpecs(str(folder), redirects=silent),
        signals_to_handle="SIGQUIT",
        shutdown_timeout=_SECONDS_TO_END,
    )
    elastic_launch(config, sys.executable)(*sys.orig_argv[1:])


def _communicate_on_this_machine_alone(folder: Path) -> None:
    """Let processes find each other by a file of this user's alone, and connect on the loopback.

    A port, which torch opens on every interface, could be reached by others.
    """
    os.environ[MEETING] = (folder / "meeting").as_uri()
    os.environ[LAUNCHER] = str(os.getpid())
    os.environ["TORCH_DISABLE_SHARE_RDZV_TCP_STORE"] = "1"
    for backend in ("GLOO", "NCCL"):
        os.environ.setdefault(f"{backend}_SOCKET_IFNAME", "lo")


def _report_failure(failures: "Mapping[int, ProcessFailure]", folder: Path) -> int:
    """Print how the run failed, unless the first process did; return the exit code."""
    codes = {rank: failure.exitcode for rank, failure in failures.items()}
    ended_by_others = (Exit.LOST_ANOTHER, -signal.SIGTERM)
    causes = {rank: code for rank, code in codes.items() if code not in ended_by_others} or codes
    if causes.get(0, -1) > 0:
        return causes[0]
    words = [
        f"process {rank} ended with code {code}, saying: {_last_words(rank, folder)}"
        for rank, code in causes.items()
    ]
    sys.stderr.write(
        "error: One of the processes of this run failed, and the run ended. Run the same command "
        f"to continue from the last checkpoint. The failure: {'; '.join(words)}\n"
    )
    return 2


def _last_words(rank: int, folder: Path) -> str:
    said = [path.read_text(errors="replace") for path in folder.rglob(f"{rank}/std*.log")]
    return "".join(said)[-_LAST_WORDS:].strip() or "nothing"
