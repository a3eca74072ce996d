"""What a tracker has to be able to do with one run, whichever tracker it is."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from engine.tracking.mirrors.curves import Figure, Place

TOTAL_STEPS = "total_steps"
"""The figure that lays phases one after the other: steps with those of the phases before."""


class TrackedRun(Protocol):
    """One run in a tracker. What is written again replaces what was written before."""

    @property
    def run_hash(self) -> str:
        """The tracker's own name of the run."""

    def describe(self, about: Mapping[str, Any]) -> None:
        """Set parameters of the run; tables in tables are parameters of their own."""

    def track(self, figures: Mapping[Figure, float], place: Place) -> None:
        """Add a point to curves."""

    def say(self, kind: str, about: str, words: str, place: Place) -> None:
        """Add the words of a guard or a warning; `about` is what they are about, in short."""

    def show(self, path: Path, sample: Mapping[str, Any], place: Place) -> None:
        """Add a sample's sound or picture, by the facts of its event."""

    def forget_after(self, step: int) -> None:
        """Drop what a resumed run does again, unless writing it again replaces it."""

    def flush(self) -> None:
        """Wait until all that was written is kept."""

    def close(self) -> None:
        """Mark the run as ended."""
