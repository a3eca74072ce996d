"""The processes that train a run, by params.toml and by a launcher's environment variables.

This imports no torch: `cantus train` needs it before it starts any process.
"""

import os
import re
import signal

from engine.errors import RefusedValuesError, UserError
from engine.recipe.params import Hardware
from engine.recipe.training import Training

MEETING = "CANTUS_MEETS_AT"
"""Set for processes that Cantus started: the address at which they find each other."""
LAUNCHER = "CANTUS_LAUNCHER"
"""Set for processes that Cantus started: the id of the process that started them."""

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
"""Signals that stop a run; clusters send the last two before they end a job."""

_SLURM = {
    "WORLD_SIZE": "SLURM_STEP_NUM_TASKS",
    "RANK": "SLURM_PROCID",
    "LOCAL_RANK": "SLURM_LOCALID",
}


def num_processes(hardware: Hardware) -> int:
    """The number of processes that train a run: as a launcher started, or one for each device.

    Raises UserError where launcher and `hardware` contradict each other.
    """
    given = _started_outside()
    if given is None:
        return hardware.num_devices
    needed = {"RANK"} if MEETING in os.environ else {"RANK", "MASTER_ADDR", "MASTER_PORT"}
    missing = needed - environment().keys()
    if missing:
        raise UserError(
            f"WORLD_SIZE is {given} here, but {', '.join(sorted(missing))} are not set: start the "
            "command with torchrun, or unset WORLD_SIZE."
        )
    if hardware.num_devices not in (1, given):
        raise UserError(
            f"torchrun starts {given} processes, but params.toml says hardware.num_devices = "
            f"{hardware.num_devices}. Make them equal, or remove num_devices."
        )
    return given


def starts_others(hardware: Hardware) -> bool:
    """Whether this process has to start those that train, and trains nothing itself."""
    return num_processes(hardware) > 1 and _started_outside() is None


def require_equal_parts(training: Training, num_processes: int) -> None:
    """Raise UserError where several processes cannot each take an equal part of a batch."""
    parts = num_processes * training.num_micro_batches
    if num_processes > 1 and training.batch_size % parts:
        raise RefusedValuesError(
            f"training.batch_size = {training.batch_size} is the number of clips in a step over "
            "all devices. "
            f"{num_processes} devices and training.num_micro_batches = "
            f"{training.num_micro_batches} cut it into {parts} parts: make it a multiple of "
            f"{parts}, or {_other_number(training, num_processes)}."
        )


def _other_number(training: Training, num_processes: int) -> str:
    """What to do for the most processes below `num_processes` that get equal parts of a batch."""
    fits = (
        number
        for number in range(num_processes, 1, -1)
        if training.batch_size % (number * training.num_micro_batches) == 0
    )
    most = next(fits, 1)
    if _started_outside() is None or LAUNCHER in os.environ:
        return f"set hardware.num_devices = {most} in params.toml"
    return f"start {most} process{'es' if most > 1 else ''}, over all machines, instead"


def environment() -> dict[str, str]:
    """The environment, with the names that torchrun sets where SLURM's srun started the process."""
    own = dict(os.environ)
    if int(own.get(_SLURM["WORLD_SIZE"], "1")) == 1 or "WORLD_SIZE" in own:
        return own
    named = {name: own[theirs] for name, theirs in _SLURM.items()}
    address = {
        "MASTER_ADDR": _first_host(own["SLURM_STEP_NODELIST"]),
        "MASTER_PORT": str(20_000 + int(own["SLURM_JOB_ID"]) % 20_000),  # another port for each job
    }
    return address | own | named


def _started_outside() -> int | None:
    """The processes that torchrun or the like started; None for a plain start."""
    given = int(environment().get("WORLD_SIZE", "1"))
    return given if given > 1 else None


def _first_host(nodes: str) -> str:
    """The first of SLURM's list of nodes: of "gpu[03-05,09],cpu1" it is "gpu03"."""
    found = re.match(r"([^\[,]+)(?:\[([0-9]+))?", nodes)
    assert found is not None, "SLURM lists at least one node"
    return found[1] + (found[2] or "")
