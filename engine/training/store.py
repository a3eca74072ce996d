"""The interface of a store for the loop's output; `engine.runs` implements it by a folder."""

from pathlib import Path
from typing import Literal, Protocol

from attrs import frozen

from engine.tracking.events import Event
from engine.training.checkpoint import Checkpoint

Kind = Literal["resume", "best", "other", "kept"]
"""Checkpoints with everything that a resumed run needs, and three with weights alone: the best, the
best by the other of loss and judges, and those of the steps that the recipe names."""


class RunStore(Protocol):
    """Keeps a run's events and checkpoints."""

    @property
    def place(self) -> Path:
        """The run's folder: samples are written below it, and events name files relative to it."""

    def write(self, event: Event) -> None:
        """Add an event."""

    def save(self, kind: Kind, checkpoint: Checkpoint) -> None:
        """Write a checkpoint, whole or not at all."""

    def evaluated(self) -> None:
        """Called after every evaluation, once its event is written and the best weights are."""


@frozen
class NoStore:
    """A store that keeps nothing, for every process of a run but the first."""

    place: Path

    def write(self, event: Event) -> None:
        """Ignore it."""

    def save(self, kind: Kind, checkpoint: Checkpoint) -> None:
        """Ignore it."""

    def evaluated(self) -> None:
        """Ignore it."""
