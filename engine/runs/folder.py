"""A run's folder: its state until the model is finished, and the model after that."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from attrs import asdict, evolve, frozen

from engine.errors import UserError
from engine.files.atomic import write_atomically
from engine.files.lock import HELD, LOCK_FILE, locked
from engine.files.untrusted import as_user_error
from engine.project import LATEST
from engine.tracking.events import Mark
from engine.training.checkpoint import (
    Checkpoint,
    checkpoints,
    find_damage,
    prune,
    read_state,
    write_checkpoint,
)

_KEEP_RESUMABLE = 2
_RELIES_ON = "relies_on"


@frozen
class _Needs:
    """The files of a run's folder that a resumable checkpoint needs to be continued."""

    events: Mark
    kept: tuple[str, ...]
    """Names of weights."""


@frozen
class RunFolder:
    """`runs/<recipe>/<identity>/`: events, resumable checkpoints, the best and the kept weights."""

    path: Path

    @property
    def events(self) -> Path:
        """The run's event log, from which everything else is derived."""
        return self.path / "events.jsonl"

    @property
    def resumable(self) -> Path:
        """Checkpoints with everything, the newest two."""
        return self.path / "checkpoints"

    @property
    def kept(self) -> Path:
        """Weights for later phases: `best_N` and `other_N`, the last of which count; `step_N`."""
        return self.path / "kept"

    @property
    def best(self) -> Path:
        """The best weights so far."""
        return max(self.kept.glob("best_*"))

    @property
    def other(self) -> Path | None:
        """The best weights by the other of loss and judges, where judges score clips."""
        return max(self.kept.glob("other_*"), default=None)

    @property
    def samples(self) -> Path:
        """Samples to look at and listen to, a folder for each time they were written."""
        return self.path / "samples"

    @property
    def model(self) -> Path:
        """The finished model, whole: `models/<recipe>` is linked to it."""
        return self.path / "model"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the run's folder. Raises UserError where another process trains in it."""
        busy = f"Another process is already training in {self.path}. Wait for it, or stop it."
        with locked(self.path, busy):
            yield

    def begin(self, description: dict[str, Any], say: Callable[[str], None]) -> Path | None:
        """Prepare the folder; return the checkpoint to continue, or None to start at step 0.

        A checkpoint that is damaged, or whose best weights or events are, is passed over and named
        through `say`. Whatever is newer than the checkpoint in use is deleted and made again.
        """
        checkpoint = self._soundest(say)
        if checkpoint is None:
            self.empty()
        else:
            self._keep_only(set(_needs_of(checkpoint).kept))
        write_json(self.path / "run.json", description)
        self.note_as_latest()
        return checkpoint

    def note_as_latest(self) -> None:
        """Record that this is the recipe's latest run, since file times are not reliable."""
        write_atomically(self.path.parent / LATEST, self.path.name)

    def save(self, kind: str, checkpoint: Checkpoint, mark: Mark) -> None:
        """Write a checkpoint of a kind: 'resume' has everything, all others have weights.

        `mark` is the end of the events that led to it.
        """
        step = checkpoint.state["step"]
        if kind in ("best", "other"):
            write_checkpoint(checkpoint, self.kept / f"{kind}_{step:09d}")
        elif kind == "kept":
            write_checkpoint(checkpoint, self.kept / f"step_{step}")
        else:
            needs = _Needs(mark, tuple(self._kept_that_count()))
            state = {**checkpoint.state, _RELIES_ON: asdict(needs)}
            place = self.resumable / f"step_{step:09d}"
            write_checkpoint(evolve(checkpoint, state=state), place)
            prune(self.resumable, keep=_KEEP_RESUMABLE)
            self._keep_only(self._relied_on())

    def finish(self) -> None:
        """Delete what only a resume would need, and what the model holds itself."""
        shutil.rmtree(self.resumable, ignore_errors=True)
        shutil.rmtree(self.kept, ignore_errors=True)

    def empty(self) -> None:
        """Delete everything in the folder: the run starts at step 0."""
        for path in self.path.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name not in (LOCK_FILE, LOCK_FILE + HELD):
                path.unlink()

    def _soundest(self, say: Callable[[str], None]) -> Path | None:
        """The newest checkpoint that can be continued; damaged ones are deleted."""
        for path in checkpoints(self.resumable):
            damage = find_damage(path) or self._lacks(path)
            if damage is None:
                return path
            say(f"note: checkpoint {path.name} of run {self.path.name} is skipped: {damage}")
            shutil.rmtree(path)
        return None

    def _lacks(self, checkpoint: Path) -> str | None:
        """The missing or damaged file that a checkpoint needs, in words, or None."""
        try:
            needs = _needs_of(checkpoint)
        except UserError as error:
            return str(error)
        if not needs.events.is_in(self.events):
            return f"{self.events.name} lacks events written before the checkpoint"
        damages = {name: find_damage(self.kept / name) for name in needs.kept}
        found = (f"{self.kept.name}/{name}: {damage}" for name, damage in damages.items() if damage)
        return next(found, None)

    def _kept_that_count(self) -> list[str]:
        """The newest of the best weights by either rule, and every kept step."""
        names = sorted(path.name for path in self.kept.glob("[!.]*"))
        bests, others, steps = (
            [name for name in names if name.startswith(kind)]
            for kind in ("best_", "other_", "step_")
        )
        return bests[-1:] + others[-1:] + steps

    def _relied_on(self) -> set[str]:
        names: set[str] = set()
        for path in checkpoints(self.resumable):
            with suppress(UserError):  # a damaged checkpoint is never continued
                names.update(_needs_of(path).kept)
        return names

    def _keep_only(self, names: set[str]) -> None:
        for path in self.kept.glob("*"):
            if path.name not in names:
                shutil.rmtree(path)


def _needs_of(checkpoint: Path) -> _Needs:
    """Raises UserError where a checkpoint does not say it."""
    with as_user_error("the checkpoint does not record the files it needs"):
        needs = read_state(checkpoint)[_RELIES_ON]
        return _Needs(Mark(**needs["events"]), tuple(map(str, needs["kept"])))


def write_json(path: Path, content: Any) -> None:
    """Write JSON whole or not at all."""
    write_atomically(path, json.dumps(content, indent=1, sort_keys=True))
