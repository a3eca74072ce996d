"""One run in Aim. Importing aim takes seconds: only the process of a mirror may."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aim.sdk.objects.audio import Audio
from aim.sdk.objects.image import Image
from aim.sdk.objects.text import Text
from aim.sdk.repo import Repo
from aim.sdk.run import Run

from engine.files.lock import lock
from engine.tracking.mirrors.curves import Figure, Place
from engine.tracking.mirrors.event_writer import read_recipe, title_of
from engine.tracking.mirrors.place import MirrorPlace
from engine.tracking.mirrors.state import LAYOUT, MirrorState
from engine.tracking.mirrors.tracked_run import TOTAL_STEPS

_LARGEST_INT = 2**63 - 1
_SUBSETS = {"audio": "sample", "image": "picture"}
"""Subsets of sounds and pictures, which share a name: Aim keeps one type under a name."""
_NEXT_TO_NOTHING = 1e-9
"""A position instead of 0: Aim leaves out points at 0 of a custom axis."""


def open_repo(place: MirrorPlace) -> Repo:
    """The Aim repository; one in a folder is made where it is missing.

    It is made under a lock on the folder: of six processes that made one at once, five died.
    """
    if place.is_server:
        server: Repo = Repo.from_path(place.place)
        return server
    path = Path(place.place)
    with lock(path):
        made = (path / ".aim" / "VERSION").is_file()
        repo: Repo = Repo.from_path(str(path), init=not made)
    return repo


def open_aim_run(
    place: MirrorPlace, run_folder: Path, about: Mapping[str, Any], state: MirrorState | None
) -> tuple["AimRun", bool]:
    """The run in an Aim repository, and whether it is new there.

    A run that was written in an older layout is deleted and made again.
    """
    repo = open_repo(place)
    if state is not None and repo.run_exists(state.run_hash):
        if state.layout == LAYOUT:
            return AimRun(repo, run_folder, state.run_hash, about), False
        repo.delete_run(state.run_hash)
    return AimRun(repo, run_folder, None, about), True


class AimRun:
    """One run in Aim. A point of a step replaces the point that the step had."""

    def __init__(
        self, repo: Repo, run_folder: Path, run_hash: str | None, about: Mapping[str, Any]
    ) -> None:
        self._repo = repo
        recipe = read_recipe(run_folder)
        self._run = Run(
            run_hash=run_hash,
            repo=repo,
            experiment=recipe["system"],
            system_tracking_interval=None,
            log_system_params=False,
            capture_terminal_logs=False,
        )
        self._run.name = title_of(about)
        self._run.description = recipe["summary"]
        if about["recipe"] not in self._run.tags:
            self._run.add_tag(about["recipe"])

    @property
    def run_hash(self) -> str:
        """Aim's name of the run."""
        return str(self._run.hash)

    def describe(self, about: Mapping[str, Any]) -> None:
        """Set parameters of the run."""
        for key, value in about.items():
            self._run[key] = plain(value)

    def track(self, figures: Mapping[Figure, float], place: Place) -> None:
        """Add a point to curves, and to the axis of each subset that lays phases end to end."""
        axes = {Figure(figure.subset, TOTAL_STEPS) for figure in figures}
        total = max(float(place.total), _NEXT_TO_NOTHING)
        for figure, value in {**figures, **dict.fromkeys(axes, total)}.items():
            self._add(value, figure.title, place, figure.subset)

    def say(self, kind: str, about: str, words: str, place: Place) -> None:
        """Add words."""
        self._add(Text(words), kind, place, about)  # type: ignore[no-untyped-call]

    def show(self, path: Path, sample: Mapping[str, Any], place: Place) -> None:
        """Add a sample's sound or picture."""
        kind, caption = sample["kind"], sample.get("caption", "")
        made: Audio | Image = (
            Audio(path.read_bytes(), format=path.suffix[1:], caption=caption)
            if kind == "audio"
            else Image(str(path), caption=caption)
        )
        self._add(made, sample["name"], place, _SUBSETS[kind])

    def forget_after(self, step: int) -> None:
        """Do nothing: points that are written again replace the old ones."""

    def flush(self) -> None:
        """Wait until a server has received everything that was written."""
        if self._repo.is_remote_repo:
            client: Any = self._repo._client
            client.get_queue().wait_for_finish()

    def close(self) -> None:
        """Mark the run as ended."""
        self._run.close()

    def _add(self, value: Any, name: str, place: Place, subset: str) -> None:
        epoch, context = int(place.epoch), {"subset": subset}
        self._run.track(value, name=name, step=place.step, epoch=epoch, context=context)


def plain(value: Any) -> Any:
    """`value` in types that Aim stores: others (dates, sets, huge integers) become text."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, int) and abs(value) > _LARGEST_INT:
        return str(value)
    return value if isinstance(value, str | int | float | None) else str(value)
