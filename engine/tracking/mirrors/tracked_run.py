"""The interface of one run in any tracker."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from engine.tracking.mirrors.curves import Figure, Place

TOTAL_STEPS = "total_steps"
"""The axis that puts phases one after the other: steps with those of earlier phases."""


class TrackedRun(Protocol):
    """One run in a tracker. Points that are written again replace the old ones."""

    @property
    def run_hash(self) -> str:
        """The tracker's own name of the run."""

    def describe(self, about: Mapping[str, Any]) -> None:
        """Set parameters of the run; tables in tables are parameters of their own."""

    def track(self, figures: Mapping[Figure, float], place: Place) -> None:
        """Add a point to curves."""

    def say(self, kind: str, about: str, words: str, place: Place) -> None:
        """Add the words of a guard or a warning; `about` is their subject, in short."""

    def show(self, path: Path, sample: Mapping[str, Any], place: Place) -> None:
        """Add a sample's sound or picture, by the facts of its event."""

    def forget_after(self, step: int) -> None:
        """Delete points that a resumed run makes again, unless they are replaced anyway."""

    def flush(self) -> None:
        """Wait until everything that was written is stored."""

    def close(self) -> None:
        """Mark the run as ended."""
