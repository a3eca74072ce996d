"""The runs that a tracker's pages open with: named ones, or the newest with its ancestors."""

from collections.abc import Iterable
from pathlib import Path

from engine.errors import UserError
from engine.tracking.mirrors.place import MirrorPlace
from engine.tracking.mirrors.state import MirrorState, read_state, read_states, run_key


def newest_phases(place: MirrorPlace, project: Path) -> list[MirrorState]:
    """The newest run of a project and the phases before it, the first phase first.

    Each phase is the newest run of its name that began before the one that continues it. Raises
    UserError where the tracker holds no run of the project.
    """
    ours = [run for run in read_states(place) if run.project in ("", str(project))]
    if not ours:
        raise UserError(f"{place.title} has no run yet. Train a recipe first: dvc repro")
    chain = [ours[0]]
    while chain[-1].parent:
        child = chain[-1]
        before = (r for r in ours if r.recipe == child.parent and r.started < child.started)
        parent = next(before, None)
        if parent is None:
            break
        chain.append(parent)
    return chain[::-1]


def held_runs(place: MirrorPlace, folders: Iterable[Path]) -> list[MirrorState]:
    """A tracker's states of runs. Raises UserError where it does not have one."""
    return [_held(place, folder) for folder in folders]


def _held(place: MirrorPlace, folder: Path) -> MirrorState:
    key = run_key(folder)
    state = read_state(place, key) if key else None
    if state is None:
        raise UserError(
            f"{place.title} does not have the run {folder}: the message above says why it "
            "could not be mirrored."
        )
    return state
