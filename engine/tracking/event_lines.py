"""Following events.jsonl while another process writes it."""

import select
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from engine.tracking.events import Event, parse_event


def lines_from(path: Path, offset: int) -> Iterator[tuple[Event | None, int]]:
    """The events of the complete lines from `offset` on, each with the offset behind it."""
    with path.open("rb") as file:
        if not _ends_line(file, offset):
            offset = 0  # a power cut removed lines that were read: read all again
        file.seek(offset)
        for line in file:
            if not line.endswith(b"\n"):
                return
            offset += len(line)
            yield parse_event(line.decode("utf-8", errors="replace")), offset


def stdin_is_open(wait_seconds: float) -> bool:
    """Wait a moment; False once the process that trains has closed its end, or has died."""
    ready, _, _ = select.select([sys.stdin], [], [], wait_seconds)
    return not ready


def _ends_line(file: BinaryIO, offset: int) -> bool:
    if offset == 0:
        return True
    file.seek(offset - 1)
    return file.read(1) == b"\n"
