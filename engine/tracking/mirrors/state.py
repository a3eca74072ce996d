"""How far a tracker has mirrored a run, kept with the copy it describes.

A run is known by its first event, wherever its folder is: the scratch folder a run trained in and
the model folder its events were copied to are one run there. Nothing is written into a run's
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
LAYOUT = 2
"""What a run looks like in a tracker; a copy of an older layout is made again."""


@frozen
class MirrorState:
    """What a tracker holds of one run."""

    run_hash: str
    """The tracker's own name of the run."""
    recipe: str
    metric: str
    """What picks the run's best checkpoint, without its prefix (`rmse_db`)."""
    started: float
    """Seconds since the epoch at which training first began."""
    offset: int = 0
    """Bytes of events.jsonl that the tracker has."""
    project: str = ""
    """The folder of its project: several may share a repository."""
    parent: str = ""
    """The recipe whose weights it began with; empty where it has none."""
    layout: int = 1


class AlreadyMirroredError(Exception):
    """Another process is mirroring this run at this moment."""


def run_key(run_folder: Path) -> str | None:
    """What tells a run from every other: a digest of its first event. None before there is one."""
    events = run_folder / "events.jsonl"
    if not events.is_file():
        return None
    with events.open("rb") as file:
        first = file.readline()
    return hashlib.sha256(first).hexdigest()[:16] if first.endswith(b"\n") else None


def read_state(place: MirrorPlace, key: str) -> MirrorState | None:
    """What `place` holds of the run, or None where it holds nothing."""
    path = place.states / f"{key}.json"
    return _read(path) if path.is_file() else None


def read_states(place: MirrorPlace) -> list[MirrorState]:
    """Every run that `place` holds, the newest first."""
    found = map(_read, place.states.glob("*.json"))
    states = [state for state in found if state is not None]
    return sorted(states, key=lambda state: state.started, reverse=True)


def write_state(place: MirrorPlace, key: str, state: MirrorState) -> None:
    """Remember what `place` now holds of the run."""
    write_atomically(place.states / f"{key}.json", json.dumps(asdict(state)))


def is_behind(place: MirrorPlace, run_folder: Path) -> bool:
    """Whether the run has events that `place` does not hold yet."""
    key = run_key(run_folder)
    if key is None:
        return False
    state = read_state(place, key)
    if state is None or state.layout != LAYOUT:
        return True
    # A power cut can take back events that were mirrored: then more is held than there is.
    return state.offset != (run_folder / "events.jsonl").stat().st_size


@contextmanager
def sole_mirror(place: MirrorPlace, key: str) -> Iterator[None]:
    """Hold the run: a tracker's storage breaks under two writers. Raises AlreadyMirroredError."""
    place.states.mkdir(parents=True, exist_ok=True)
    with lock(place.states / f"{key}.lock", AlreadyMirroredError(key)):
        yield


def _read(path: Path) -> MirrorState | None:
    """What a file remembers; None where it is damaged, so that the run is mirrored again."""
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
