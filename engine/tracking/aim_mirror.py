"""The process that mirrors runs into Aim: `python -m engine.tracking.aim_mirror RUN --repo REPO`.

Aim takes seconds to import, can hang and can be locked, so it never shares a process with
training. This process reads events.jsonl, writes each event to Aim and remembers how far it came;
killed at any moment and started again, it continues the same Aim run.
"""

import json
import os
import select
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click
from attrs import evolve

from engine.tracking.aim_repository import AimRepository
from engine.tracking.aim_state import (
    AlreadyMirroredError,
    MirrorState,
    read_state,
    run_key,
    sole_mirror,
    write_state,
)
from engine.tracking.events import Event, parse_event

if TYPE_CHECKING:
    from engine.tracking.aim_writer import AimWriter

_POLL_SECONDS = 1.0
_EVENTS_BETWEEN_STATES = 200


@click.command()
@click.argument("runs", nargs=-1, type=click.Path(path_type=Path))
@click.option("--repo", required=True, help="A folder, or the address of a tracking server.")
@click.option("--states", required=True, type=click.Path(path_type=Path))
@click.option("--project", required=True, help="The folder of the runs' project.")
@click.option("--follow", is_flag=True, help="Go on until standard input closes.")
def command(runs: tuple[Path, ...], repo: str, states: Path, project: str, follow: bool) -> None:
    """Mirror runs into an Aim repository."""
    os.nice(19)
    repository = AimRepository(repo, states)
    for run in runs:
        mirror(run, repository, project, go_on=_stdin_is_open if follow else lambda: False)


def mirror(run_folder: Path, repo: AimRepository, project: str, go_on: Callable[[], bool]) -> None:
    """Bring Aim up to the run's last event; while `go_on()` (which may wait), look for more.

    A run that another process is mirroring is left to it.
    """
    while (key := run_key(run_folder)) is None:
        if not go_on():
            return
    try:
        with sole_mirror(repo, key):
            _Mirror(run_folder, repo, key, project).follow(go_on)
    except AlreadyMirroredError:
        return


class _Mirror:
    """One run being mirrored, by the only process that does."""

    def __init__(self, run_folder: Path, repo: AimRepository, key: str, project: str) -> None:
        self._events = run_folder / "events.jsonl"
        self._repo, self._key, self._project = repo, key, project
        about = json.loads((run_folder / "run.json").read_text(encoding="utf-8"))
        self._writer, self._state = self._open(run_folder, about)
        self._remembered: MirrorState | None = None
        self._remember()

    def follow(self, go_on: Callable[[], bool]) -> None:
        more = True
        while more:
            more = go_on()
            for count, (event, offset) in enumerate(_lines(self._events, self._state.offset), 1):
                # A run's samples stand in its model's folder, which appears only at its end.
                if event is not None and more and not self._writer.can_write(event):
                    break
                if event is not None:
                    self._writer.write(event)
                self._state = evolve(self._state, offset=offset)
                if count % _EVENTS_BETWEEN_STATES == 0:
                    self._remember()
            self._remember()
        self._writer.close()

    def _open(self, run_folder: Path, about: dict[str, str]) -> "tuple[AimWriter, MirrorState]":
        # Imported here: a mirror that waits for a run's first event need not pay for Aim yet.
        from engine.tracking.aim_writer import AimWriter, open_repo

        repo = open_repo(self._repo)
        about = {**about, "project": Path(self._project).name}
        state = read_state(self._repo, self._key)
        if state is not None and repo.run_exists(state.run_hash):
            return AimWriter(repo, run_folder, state.run_hash, about), state
        writer = AimWriter(repo, run_folder, None, about)
        started = next(event.time for event, _ in _lines(self._events, 0) if event)
        recipe, metric = about["recipe"], writer.best_metric
        return writer, MirrorState(writer.run_hash, recipe, metric, started, project=self._project)

    def _remember(self) -> None:
        if self._state != self._remembered:
            self._writer.flush()
            write_state(self._repo, self._key, self._state)
            self._remembered = self._state


def _lines(path: Path, offset: int) -> Iterator[tuple[Event | None, int]]:
    """The events of the complete lines from `offset` on, each with the offset behind it."""
    with path.open("rb") as file:
        if not _ends_line(file, offset):
            offset = 0  # a power cut took back what Aim has seen: it is told everything again
        file.seek(offset)
        for line in file:
            if not line.endswith(b"\n"):
                return
            offset += len(line)
            yield parse_event(line.decode("utf-8", errors="replace")), offset


def _ends_line(file: BinaryIO, offset: int) -> bool:
    if offset == 0:
        return True
    file.seek(offset - 1)
    return file.read(1) == b"\n"


def _stdin_is_open() -> bool:
    """Wait a moment; False once the process that trains has closed its end, or has died."""
    ready, _, _ = select.select([sys.stdin], [], [], _POLL_SECONDS)
    return not ready


if __name__ == "__main__":
    command()
