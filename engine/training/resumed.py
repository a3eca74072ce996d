"""Differences between the machine that saved a run and the one that resumes it."""

from collections.abc import Mapping
from typing import Any

from engine.errors import UserError


def require_same_epochs(
    saved: Mapping[str, Any], steps_per_epoch: int, trained_in: int, num_processes: int
) -> None:
    """Raise UserError where an epoch has another number of steps than in a checkpoint's state.

    Clips that cannot be shared out evenly among the processes are left out, perhaps a whole step.
    """
    before = saved["steps_per_epoch"]
    if before != steps_per_epoch:
        raise UserError(
            f"Up to step {saved['step']} this run was trained with {trained_in} process(es), "
            f"{before} steps an epoch. With {num_processes} it would have {steps_per_epoch}, "
            "which changes the run's length and schedules. Continue with hardware.num_devices = "
            f"{trained_in} in params.toml (or as many under torchrun), or add --again to train "
            "from the start."
        )


def other_arithmetic(before: Mapping[str, str], now: Mapping[str, str]) -> str | None:
    """Differences in what decides the last bits of sums, in a sentence; None without any."""
    changed = [name for name in now.keys() | before.keys() if before.get(name) != now.get(name)]
    if not changed:
        return None
    said = "; ".join(
        f"{name} was {before.get(name, 'not recorded')}, is {now.get(name, 'not there')}"
        for name in sorted(changed)
    )
    return f"from here on results are as good, but not bit-identical: {said}"


def other_processes(trained_in: int, now: int) -> str | None:
    """A note where a run goes on with another number of processes, or None."""
    if trained_in == now:
        return None
    return (
        f"note: the number of processes changed from {trained_in} to {now}: results are as good, "
        "but not bit-identical"
    )
