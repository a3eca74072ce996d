"""The interface through which a run reports to a person; the console implements it."""

from collections.abc import Mapping
from typing import Protocol

from attrs import frozen


@frozen
class Progress:
    """The progress of a run."""

    step: int
    total_steps: int
    epoch: float
    clips_per_second: float
    seconds_left: float
    metrics: Mapping[str, float]


class Watcher(Protocol):
    """Receives a run's messages. Its methods may not raise."""

    def say(self, sentence: str) -> None:
        """Print a sentence."""

    def progress(self, progress: Progress) -> None:
        """Called after every logged step."""

    def evaluated(self, step: int, metrics: Mapping[str, float]) -> None:
        """Called after every evaluation."""


class Silent:
    """A watcher that prints nothing."""

    def say(self, sentence: str) -> None:
        """Ignore it."""

    def progress(self, progress: Progress) -> None:
        """Ignore it."""

    def evaluated(self, step: int, metrics: Mapping[str, float]) -> None:
        """Ignore them."""
