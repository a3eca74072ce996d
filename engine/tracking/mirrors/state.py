"""The state of a run's mirror in a tracker, stored with the copy.

A run is identified by its first event, wherever its folder is: the scratch folder a run trained in
and the model folder its events were copied to are one run there. Nothing is written into a run's
folder, since a model folder is a DVC output whose bytes must not change.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from attrs import asdict, frozen

from engine.errors import UserError
from engine.files.atomic import write_atomically
from engine.files.lock import lock
from engine.files.untrusted import as_user_error, read_json_object
from engine.tracking.mirrors.place import MirrorPlace

_LATEST = 2**62
LAYOUT = 3
"""Version of the layout of runs in a tracker; copies of older layouts are made again."""


@frozen
class MirrorState:
    """A tracker's state of one run."""

    run_hash: str
    """The tracker's own name of the run."""
    recipe: str
    metric: str
    """The metric that picks the run's best checkpoint, without its prefix (`rmse_db`)."""
    started: float
    """Seconds since the epoch at which training first began."""
    offset: int = 0
    """Bytes of events.jsonl that the tracker has."""
    project: str = ""
    """The folder of the run's project: several may share a repository."""
    parent: str = ""
    """The recipe whose weights the run began with, or empty."""
    layout: int = 1


class AlreadyMirroredError(Exception):
    """Another process is mirroring this run at this moment."""


def run_key(run_folder: Path) -> str | None:
    """The identifier of a run: a digest of its first event. None before there is one."""
    events = run_folder / "events.jsonl"
    if not events.is_file():
        return None
    with events.open("rb") as file:
        first = file.readline()
    return hashlib.sha256(first).hexdigest()[:16] if first.endswith(b"\n") else None


def read_state(place: MirrorPlace, key: str) -> MirrorState | None:
    """The state of a run at `place`, or None."""
    path = place.states / f"{key}.json"
    return _read(path) if path.is_file() else None


def read_states(place: MirrorPlace) -> list[MirrorState]:
    """The states of all runs at `place`, the newest first."""
    found = map(_read, place.states.glob("*.json"))
    states = [state for state in found if state is not None]
    return sorted(states, key=lambda state: state.started, reverse=True)


def write_state(place: MirrorPlace, key: str, state: MirrorState) -> None:
    """Store the state of a run at `place`."""
    write_atomically(place.states / f"{key}.json", json.dumps(asdict(state)))


def is_behind(place: MirrorPlace, run_folder: Path) -> bool:
    """Whether the run has events that `place` does not hold yet."""
    key = run_key(run_folder)
    if key is None:
        return False
    state = read_state(place, key)
    if state is None or state.layout != LAYOUT:
        return True
    # A power cut can remove events that were mirrored: then the copy has more than the run.
    return state.offset != (run_folder / "events.jsonl").stat().st_size


@contextmanager
def sole_mirror(place: MirrorPlace, key: str) -> Iterator[None]:
    """Hold the run: a tracker's storage breaks under two writers. Raises AlreadyMirroredError."""
    place.states.mkdir(parents=True, exist_ok=True)
    with lock(place.states / f"{key}.lock", AlreadyMirroredError(key)):
        yield


def _read(path: Path) -> MirrorState | None:
    """The state in a file; None where it is damaged, so that the run is mirrored again."""
    try:
        with as_user_error(f"{path} is damaged."):
            state = MirrorState(**read_json_object(path))
            _check_types(state)
            return state
    except UserError:
        return None


def _check_types(state: MirrorState) -> None:
    texts = (state.run_hash, state.recipe, state.metric, state.project, state.parent)
    numbers = (state.started, state.offset)
    counts = (state.offset, state.layout)
    if {*map(type, texts)} != {str} or {*map(type, counts)} != {int}:
        raise TypeError("not as it was written")
    if not all(0 <= number < _LATEST for number in numbers):
        raise ValueError("not as it was written")
