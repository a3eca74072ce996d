"""What the tests of faults do to runs, and what they compare afterwards."""

import os
import signal
import sys
import time
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from engine.tracking.events import read_events

_CHANGES = {"os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.truncate"}
_WRITING = os.O_WRONLY | os.O_RDWR


def num_kills(in_ci: int) -> int:
    """How often a run is killed: CANTUS_KILLS, or so often where it is not set."""
    return int(os.environ.get("CANTUS_KILLS", in_ci))


def result(folder: Path, recipe: str = "toy") -> dict[str, bytes]:
    """What two runs must share, byte for byte: weights of two kinds, export, metrics, curves."""
    model = folder / "models" / recipe
    files = [
        *sorted(model.glob("checkpoints/*/weights.safetensors")),
        *sorted((model / "export").iterdir()),
        model / "metrics.json",
        folder / "metrics" / f"{recipe}.json",
        *sorted((folder / "plots" / recipe).iterdir()),
    ]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def place_of(folder: Path) -> str:
    """Where a run stands that was killed: for the count of what the kills have hit."""
    if any(folder.glob("models/[!.]*/report.html")):
        return "model in place"
    runs = list(folder.glob("runs/*/*"))
    if any((run / "model").is_dir() for run in runs):
        return "placing the model"
    if any((run / ".model.partial").is_dir() for run in runs):
        return "finishing"
    if any(True for run in runs for _ in run.glob("*/.*.partial")):
        return "writing a checkpoint"
    events = [event for run in runs for event in read_events(run / "events.jsonl")]
    if not events:
        return "start-up"
    return "preflight and baselines" if events[-1].step == 0 else "steps"


def die_at(number: int) -> None:
    """Kill this process right before its change number `number` of the file system."""
    count_changes(number=number)


def count_changes(note: Path | None = None, number: int = 0) -> None:
    """Count what this process changes in the file system: files opened, renamed, deleted, made.

    The count stands in `note`; at `number` the process is killed.
    """
    done = 0
    descriptor = None if note is None else os.open(note, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)

    def hear(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal done
        if event not in _CHANGES and not (event == "open" and _writes(arguments)):
            return
        done += 1
        if done == number:
            os.kill(os.getpid(), signal.SIGKILL)
        if descriptor is not None:
            os.pwrite(descriptor, f"{done:9d}".encode(), 0)

    sys.addaudithook(hear)


def wait_for_change(note: Path, number: int, process: BaseProcess) -> None:
    """Wait until a process has counted so many changes, or has ended."""
    while process.is_alive():
        if note.is_file() and int(note.read_text() or 0) >= number:
            return
        time.sleep(0.001)


def _writes(arguments: tuple[Any, ...]) -> bool:
    path, _, flags = arguments
    return isinstance(path, str | bytes) and bool(flags & _WRITING)
