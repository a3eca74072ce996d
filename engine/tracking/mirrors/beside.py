"""Mirrors runs into trackers beside training, and updates them later."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path

from attrs import frozen

from engine.project import Project
from engine.tracking.follower import Follower
from engine.tracking.mirrors.place import MirrorPlace
from engine.tracking.mirrors.state import is_behind, run_key

_SILENCE_SECONDS = 120.0
"""Time without progress that is allowed: importing Aim took a minute on an overloaded machine."""
_LOOK_SECONDS = 1.0


@frozen
class RunMirror:
    """The process that mirrors one run."""

    place: MirrorPlace
    process: Follower

    def finish(self, timeout_seconds: float) -> str | None:
        """Let the mirror catch up in time; return a sentence where it could not."""
        why = self.process.failure(timeout_seconds)
        return _failure(self.place, why) if why else None


def start_mirror(place: MirrorPlace, run_folder: Path, project: Project) -> RunMirror:
    """Start mirroring a run of the project; return at once."""
    return RunMirror(place, Follower([*_command(place, project), "--follow", str(run_folder)]))


def finish_all(mirrors: Sequence[RunMirror], timeout_seconds: float) -> list[str]:
    """Let mirrors catch up in parallel, in time; return sentences on failures."""
    for mirror in mirrors:
        mirror.process.signal_end()
    until = time.monotonic() + timeout_seconds
    said = [mirror.finish(max(0.0, until - time.monotonic())) for mirror in mirrors]
    return [sentence for sentence in said if sentence]


def sync_all(project: Project, place: MirrorPlace) -> str | None:
    """Mirror every run that a tracker lags behind, once where its model holds it too.

    Returns a sentence where that failed, or the tracker made no progress for two minutes.
    """
    found = [*project.root.glob("models/[!.]*"), *project.root.glob("runs/*/*")]
    behind = {run_key(folder): str(folder) for folder in found if is_behind(place, folder)}
    if not behind:
        return None
    process = Follower([*_command(place, project), *sorted(behind.values())])
    try:
        works = _works_to_its_end(process, place)
        why = process.failure(0)
    finally:
        process.kill()
    if not works:
        why = f"{place.place} made no progress for {_SILENCE_SECONDS:g} s"
    return _failure(place, why) if why else None


def _works_to_its_end(process: Follower, place: MirrorPlace) -> bool:
    """Wait until a mirror ends; False where its state has not changed for too long."""
    seen, since = None, time.monotonic()
    while time.monotonic() - since < _SILENCE_SECONDS:
        if process.has_ended(_LOOK_SECONDS):
            return True
        now = {path.name: path.stat().st_mtime_ns for path in place.states.glob("*.json")}
        seen, since = (now, time.monotonic()) if now != seen else (seen, since)
    return False


def _command(place: MirrorPlace, project: Project) -> list[str]:
    options = {
        "kind": place.kind,
        "place": place.place,
        "states": place.states,
        "project": project.checkout,
    }
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    return [sys.executable, "-m", "engine.tracking.mirrors.process", *words]


def _failure(place: MirrorPlace, why: str) -> str:
    return (
        f"{place.title} could not mirror the run: {why}. The run itself is complete, and "
        "`cantus ui` tries again."
    )
