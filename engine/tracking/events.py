"""events.jsonl: the log from which DVC's files, Aim and the report of a run are made."""

import hashlib
import json
import math
import os
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from attrs import define, field, frozen

from engine.files.atomic import sync

_AT_ONCE = 1 << 20
_MOST_STEPS = 2**62
_LARGEST = 1e300
"""Largest valid number: sums of two are still finite."""


_LAST_EVENT = 65_536
"""Bytes at the end of a file in which its last event is looked for first."""


def _now() -> float:
    return time.time()


@frozen
class Event:
    """One line of events.jsonl.

    Kinds: start, resume, preflight, train, eval, baseline, sample, earlier, checkpoint, guard,
    warning, parting (of loss and judges), stop, finish. `step` counts optimizer steps done, `epoch`
    passes begun (fractional).
    """

    kind: str
    step: int
    epoch: float = 0.0
    metrics: Mapping[str, float | None] = field(factory=dict)
    facts: Mapping[str, Any] = field(factory=dict)
    time: float = field(factory=_now)


@frozen
class Mark:
    """A position in events.jsonl with a digest of the bytes before it, to check them later.

    A checkpoint holds one, since a run can only continue with the events that led to it.
    """

    num_bytes: int
    sha256: str

    def is_in(self, path: Path) -> bool:
        """Whether the file still begins with the same bytes."""
        if not path.is_file():
            return False
        with path.open("rb") as file:
            found = _marked(file, self.num_bytes)
        return found.num_bytes == self.num_bytes and found.digest.hexdigest() == self.sha256


class EventLog:
    """Append-only writer. One event is one line, flushed at once; `sync` forces it to the disk."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        _mend_last_line(path)
        self.path = path
        self._file: BinaryIO = path.open("ab+")
        sync(path.parent)
        self._file.seek(0)
        self._marked = _marked(self._file)

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
        text = json.dumps(line, ensure_ascii=False).encode("utf-8", "surrogateescape") + b"\n"
        self._file.write(text)
        self._file.flush()
        self._marked.add(text)

    def mark(self) -> Mark:
        """The present end of the log, forced to the disk."""
        self.sync()
        return Mark(self._marked.num_bytes, self._marked.digest.hexdigest())

    def sync(self) -> None:
        """Force what was written to the disk."""
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Sync and close."""
        try:
            self.sync()
        finally:
            self._file.close()


def read_events(path: Path) -> Iterator[Event]:
    """The valid events of a run: steps that a resumed run repeated replace the first ones.

    An incomplete last line is ignored.
    """
    kept: list[Event] = []
    for event in _lines(path):
        if event.kind == "resume":
            kept = [old for old in kept if old.step <= event.step]
        kept.append(event)
    return iter(kept)


def last_event(path: Path) -> Event | None:
    """The last whole event of a run, from the end of its file alone, or None."""
    if not path.is_file():
        return None
    with path.open("rb") as file:
        size, reach = path.stat().st_size, _LAST_EVENT
        while True:
            file.seek(max(0, size - reach))
            lines = file.read().decode("utf-8", "surrogateescape").split("\n")
            whole = lines if reach >= size else lines[1:]
            found = next(filter(None, map(parse_event, reversed(whole))), None)
            if found is not None or reach >= size:
                return found
            reach *= 8


def parse_event(text: str) -> Event | None:
    """The event of one line, or None where a kill or a power cut left something else."""
    try:
        line = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(line, dict) or not {"kind", "step"} <= line.keys():
        return None
    event = Event(
        kind=line["kind"],
        step=line["step"],
        epoch=line.get("epoch", 0.0),
        metrics=line.get("metrics", {}),
        facts=line.get("facts", {}),
        time=line.get("time", 0.0),
    )
    return event if _is_sound(event) else None


def _is_sound(event: Event) -> bool:
    """Whether every part is of its type: a run's folder may come from anywhere."""
    tables = isinstance(event.metrics, dict) and isinstance(event.facts, dict)
    return (
        tables
        and isinstance(event.kind, str)
        and type(event.step) is int
        and 0 <= event.step < _MOST_STEPS
        and all(map(_is_number, (event.epoch, event.time)))
        and all(value is None or _is_number(value) for value in event.metrics.values())
    )


def _is_number(value: object) -> bool:
    return type(value) in (int, float) and abs(value) < _LARGEST  # type: ignore[arg-type]


def _lines(path: Path) -> Iterator[Event]:
    if not path.exists():
        return
    with path.open(encoding="utf-8", errors="surrogateescape", newline="\n") as file:
        for text in file:
            event = parse_event(text)
            if event is not None:
                yield event


def _mend_last_line(path: Path) -> None:
    """End an incomplete line of a killed process, so that the next event starts a new one."""
    if not path.exists() or path.stat().st_size == 0:
        return
    with path.open("rb+") as file:
        file.seek(-1, os.SEEK_END)
        if file.read(1) != b"\n":
            file.write(b"\n")


@define
class _Marked:
    """The number of bytes read or written so far, and their digest."""

    num_bytes: int = 0
    digest: Any = field(factory=hashlib.sha256)

    def add(self, content: bytes) -> None:
        self.num_bytes += len(content)
        self.digest.update(content)


def _marked(file: BinaryIO, limit: int = sys.maxsize) -> _Marked:
    """Read a file to its end, or at most `limit` bytes of it."""
    marked = _Marked()
    while content := file.read(min(_AT_ONCE, limit - marked.num_bytes)):
        marked.add(content)
    return marked


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
