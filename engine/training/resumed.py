"""What is otherwise where a run goes on than where it was saved."""

from collections.abc import Mapping
from typing import Any

from engine.errors import UserError


def require_same_epochs(
    saved: Mapping[str, Any], steps_per_epoch: int, trained_in: int, num_processes: int
) -> None:
    """Raise UserError where an epoch has another number of steps than in the state of a checkpoint.

    A number of processes leaves out clips that it cannot share out, perhaps a whole step.
    """
    before = saved["steps_per_epoch"]
    if before != steps_per_epoch:
        raise UserError(
            f"Until step {saved['step']} this run was trained in {trained_in} process(es), "
            f"{before} steps an epoch; in {num_processes} it would be {steps_per_epoch}, which "
            "changes the run's length and its schedules. Go on with hardware.num_devices = "
            f"{trained_in} in params.toml (or as many under torchrun), or begin again: the same "
            "command with --again"
        )


def other_arithmetic(before: Mapping[str, str], now: Mapping[str, str]) -> str | None:
    """What differs of what decides the last bits of sums, in a sentence; None: nothing."""
    changed = [name for name in now.keys() | before.keys() if before.get(name) != now.get(name)]
    if not changed:
        return None
    said = "; ".join(
        f"{name} was {before.get(name, 'not there')}, is {now.get(name, 'not there')}"
        for name in sorted(changed)
    )
    return f"what is learned is as good from here on, but not the same bit for bit: {said}"
