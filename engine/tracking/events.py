"""events.jsonl: the truth of a run. DVC's files, Aim and the report are made from it."""

import json
import math
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

from attrs import field, frozen


@frozen
class Event:
    """One line of events.jsonl.

    Kinds: start, resume, preflight, train, eval, baseline, sample, checkpoint, guard, warning,
    stop, finish. `step` counts optimiser steps done, `epoch` passes begun (fractional).
    """

    kind: str
    step: int
    epoch: float = 0.0
    metrics: Mapping[str, float | None] = field(factory=dict)
    facts: Mapping[str, Any] = field(factory=dict)
    time: float = field(factory=time.time)


class EventLog:
    """Append-only writer. One event is one line, flushed at once; `sync` forces it to the disk."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        _mend_last_line(path)
        self.path = path
        self._file: TextIO = path.open("a", encoding="utf-8")

    def write(self, event: Event) -> None:
        """Append one event. A number that is not finite is written as null."""
        line = {
            "kind": event.kind,
            "step": event.step,
            "epoch": round(event.epoch, 6),
            "time": round(event.time, 3),
        }
        if event.metrics:
            line["metrics"] = {name: _finite(value) for name, value in event.metrics.items()}
        if event.facts:
            line["facts"] = event.facts
        self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
        self._file.flush()

    def sync(self) -> None:
        """Force what was written to the disk."""
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Sync and close."""
        self.sync()
        self._file.close()


def read_events(path: Path) -> Iterator[Event]:
    """The events of a run as they count: what a resumed run did again replaces its first try.

    A torn last line is ignored.
    """
    kept: list[Event] = []
    for event in _lines(path):
        if event.kind == "resume":
            kept = [old for old in kept if old.step <= event.step]
        kept.append(event)
    return iter(kept)


def parse_event(text: str) -> Event | None:
    """The event of one line, or None where a killed process left the line torn."""
    try:
        line = json.loads(text)
    except json.JSONDecodeError:
        return None
    return Event(
        kind=line["kind"],
        step=line["step"],
        epoch=line.get("epoch", 0.0),
        metrics=line.get("metrics", {}),
        facts=line.get("facts", {}),
        time=line.get("time", 0.0),
    )


def _lines(path: Path) -> Iterator[Event]:
    if not path.exists():
        return
    with path.open(encoding="utf-8") as file:
        for text in file:
            event = parse_event(text)
            if event is not None:
                yield event


def _mend_last_line(path: Path) -> None:
    """End a line that a killed process left torn, so that the next event starts a new one."""
    if not path.exists() or path.stat().st_size == 0:
        return
    with path.open("rb+") as file:
        file.seek(-1, os.SEEK_END)
        if file.read(1) != b"\n":
            file.write(b"\n")


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
