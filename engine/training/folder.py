"""A run's folder: where its state is kept until its model is finished."""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from attrs import frozen

from engine.atomic import write_atomically
from engine.errors import UserError
from engine.training.checkpoint import Checkpoint, newest_checkpoint, prune, write_checkpoint

_FINISHED = "finished"
_KEEP_RESUMABLE = 2


@frozen
class RunFolder:
    """`runs/<recipe>/<identity>/`: events, resumable checkpoints, the best and the kept weights."""

    path: Path

    @property
    def events(self) -> Path:
        """The truth of the run."""
        return self.path / "events.jsonl"

    @property
    def resumable(self) -> Path:
        """Checkpoints with everything, the newest two."""
        return self.path / "checkpoints"

    @property
    def kept(self) -> Path:
        """Weights for later phases: `best`, `step_N`."""
        return self.path / "kept"

    @property
    def samples(self) -> Path:
        """What was made for looking and listening, a folder for each time."""
        return self.path / "samples"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the run's folder. Raises UserError where another process trains in it."""
        self.path.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path / ".lock", os.O_RDWR | os.O_CREAT)
        try:
            _lock(descriptor, self.path)
            yield
        finally:
            os.close(descriptor)

    def begin(self, description: dict[str, Any]) -> Path | None:
        """Prepare the folder; return the checkpoint to go on from, or None to start afresh.

        A finished run's folder is emptied: asking for it again means to train again.
        """
        if (self.path / _FINISHED).exists():
            self._empty()
        checkpoint = newest_checkpoint(self.resumable) if self.resumable.exists() else None
        if checkpoint is None:
            self._empty()
        write_json(self.path / "run.json", description)
        return checkpoint

    def save(self, kind: str, checkpoint: Checkpoint) -> None:
        """Write a checkpoint of a kind: 'resume' (everything), 'best' or 'kept' (weights)."""
        step = checkpoint.state["step"]
        if kind == "resume":
            write_checkpoint(checkpoint, self.resumable / f"step_{step:09d}")
            prune(self.resumable, keep=_KEEP_RESUMABLE)
        else:
            name = "best" if kind == "best" else f"step_{step}"
            write_checkpoint(checkpoint, self.kept / name)

    def finish(self) -> None:
        """Mark the run finished and drop what only a resume would need."""
        (self.path / _FINISHED).touch()
        shutil.rmtree(self.resumable, ignore_errors=True)

    def _empty(self) -> None:
        for path in self.path.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name != ".lock":
                path.unlink()


def _lock(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise UserError(
            f"Another process is already training in {path}. Wait for it, or stop it."
        ) from error


def write_json(path: Path, content: Any) -> None:
    """Write JSON whole or not at all."""
    write_atomically(path, json.dumps(content, indent=1, sort_keys=True))
