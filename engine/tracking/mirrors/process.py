"""The process that mirrors runs into a tracker: `python -m engine.tracking.mirrors.process RUN`.

A tracker takes seconds to import, can hang and can be locked, so it never shares a process with
training. This process reads events.jsonl, writes each event to the tracker and remembers how far it
came; killed at any moment and started again, it continues the same run there.
"""

import json
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import click
from attrs import evolve

from engine.recipe.params import Mirror
from engine.tracking.event_lines import lines_from, stdin_is_open
from engine.tracking.events import Event
from engine.tracking.mirrors.event_writer import EventWriter, read_recipe
from engine.tracking.mirrors.place import MirrorPlace
from engine.tracking.mirrors.state import (
    LAYOUT,
    AlreadyMirroredError,
    MirrorState,
    read_state,
    run_key,
    sole_mirror,
    write_state,
)
from engine.tracking.mirrors.tracked_run import TrackedRun

_POLL_SECONDS = 1.0
_EVENTS_BETWEEN_STATES = 200


@click.command()
@click.argument("runs", nargs=-1, type=click.Path(path_type=Path))
@click.option("--kind", required=True, type=click.Choice(["aim", "trackio"]))
@click.option("--place", required=True, help="A folder, or the address of a tracking server.")
@click.option("--states", required=True, type=click.Path(path_type=Path))
@click.option("--project", required=True, help="The folder of the runs' project.")
@click.option("--follow", is_flag=True, help="Continue until standard input closes.")
def command(
    runs: tuple[Path, ...], kind: Mirror, place: str, states: Path, project: str, follow: bool
) -> None:
    """Mirror runs into a tracker."""
    if follow:
        os.nice(19)  # training comes first; users who wait for `cantus ui` do not
    held = MirrorPlace(kind, place, states)
    go_on = partial(stdin_is_open, _POLL_SECONDS) if follow else lambda: False
    for run in runs:
        mirror(run, held, project, go_on)


def mirror(run_folder: Path, place: MirrorPlace, project: str, go_on: Callable[[], bool]) -> None:
    """Bring a tracker up to the run's last event; read more while `go_on()`, which may wait.

    A run that another process is mirroring is skipped.
    """
    while (key := run_key(run_folder)) is None:
        if not go_on():
            return
    try:
        with sole_mirror(place, key):
            _Mirror(run_folder, place, key, project).follow(go_on)
    except AlreadyMirroredError:
        return


class _Mirror:
    """One run being mirrored, by the only process that does."""

    def __init__(self, run_folder: Path, place: MirrorPlace, key: str, project: str) -> None:
        self._events = run_folder / "events.jsonl"
        self._place, self._key, self._project = place, key, project
        about = json.loads((run_folder / "run.json").read_text(encoding="utf-8"))
        about["project"] = Path(project).name
        run, self._state = self._open(run_folder, about)
        written = _events_until(self._events, self._state.offset)
        self._writer = EventWriter(run, run_folder, about, written)
        self._remembered: MirrorState | None = None
        self._remember()

    def follow(self, go_on: Callable[[], bool]) -> None:
        more = True
        while more:
            more = go_on()
            for count, (event, offset) in enumerate(
                lines_from(self._events, self._state.offset), 1
            ):
                # A run's samples are in its model's folder, which appears only at its end.
                if event is not None and more and not self._writer.can_write(event):
                    break
                if event is not None:
                    self._writer.write(event)
                self._state = evolve(self._state, offset=offset)
                if count % _EVENTS_BETWEEN_STATES == 0:
                    self._remember()
            self._remember()
        self._writer.run.close()

    def _open(self, folder: Path, about: dict[str, Any]) -> tuple[TrackedRun, MirrorState]:
        """The run in the tracker, which is made if missing, and its state."""
        state = read_state(self._place, self._key)
        run, is_new = _open_run(self._place, folder, self._key, about, state)
        if state is not None and not is_new:
            return run, state
        best = read_recipe(folder)["training"]["best"]
        return run, MirrorState(
            run_hash=run.run_hash,
            recipe=about["recipe"],
            metric=best.partition("/")[2] or best,
            started=next(event.time for event, _ in lines_from(self._events, 0) if event),
            project=self._project,
            parent=about.get("parent") or "",
            layout=LAYOUT,
        )

    def _remember(self) -> None:
        if self._state != self._remembered:
            self._writer.flush()
            write_state(self._place, self._key, self._state)
            self._remembered = self._state


def _open_run(
    place: MirrorPlace, folder: Path, key: str, about: dict[str, Any], state: MirrorState | None
) -> tuple[TrackedRun, bool]:
    """The run in its tracker, and whether it is new there.

    Trackers are imported here: a mirror that waits for a run's first event need not pay yet.
    """
    if place.kind == "trackio":
        from engine.tracking.mirrors.trackio_writer import open_trackio_run

        return open_trackio_run(place, key, about, state)
    from engine.tracking.mirrors.aim_writer import open_aim_run

    return open_aim_run(place, folder, about, state)


def _events_until(path: Path, offset: int) -> Iterator[Event]:
    """The events of the lines before an offset, all of which a tracker has."""
    return (event for event, end in lines_from(path, 0) if event is not None and end <= offset)


if __name__ == "__main__":
    command()
