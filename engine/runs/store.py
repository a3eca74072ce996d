"""The store of a run: its folder for events, checkpoints and samples, and DVC's files."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from attrs import frozen

from engine.project import Project
from engine.recipe.schema import Recipe
from engine.runs.folder import RunFolder
from engine.runs.publish import publish
from engine.tracking.events import Event, EventLog
from engine.training.checkpoint import Checkpoint
from engine.training.store import Kind


@frozen
class FolderStore:
    """A run's folder and event log, open for writing: the `RunStore` of a run's first process."""

    folder: RunFolder
    log: EventLog
    project: Project
    recipe: Recipe

    @property
    def place(self) -> Path:
        """The run's folder."""
        return self.folder.path

    def write(self, event: Event) -> None:
        """Add an event."""
        self.log.write(event)

    def save(self, kind: Kind, checkpoint: Checkpoint) -> None:
        """Write a checkpoint, which relies on the events before it."""
        self.folder.save(kind, checkpoint, self.log.mark())

    def evaluated(self) -> None:
        """Rewrite DVC's metrics and curves from the events."""
        publish(self.project, self.recipe, self.folder.events)


@contextmanager
def open_store(folder: RunFolder, project: Project, recipe: Recipe) -> Iterator[FolderStore]:
    """Inside, events can be written."""
    with closing(EventLog(folder.events)) as log:
        yield FolderStore(folder, log, project, recipe)
