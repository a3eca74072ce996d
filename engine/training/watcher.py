"""How a run is watched from outside: the console implements it, tests may."""

from collections.abc import Mapping
from typing import Protocol

from attrs import frozen


@frozen
class Progress:
    """Where a run is."""

    step: int
    total_steps: int
    epoch: float
    clips_per_second: float
    seconds_left: float
    metrics: Mapping[str, float]


class Watcher(Protocol):
    """Receives what a person wants to see. It may not raise."""

    def say(self, sentence: str) -> None:
        """Something worth a line."""

    def progress(self, progress: Progress) -> None:
        """Called after every logged step."""

    def evaluated(self, step: int, metrics: Mapping[str, float]) -> None:
        """Called after every evaluation."""


class Silent:
    """Watches nothing."""

    def say(self, sentence: str) -> None:
        """Ignore it."""

    def progress(self, progress: Progress) -> None:
        """Ignore it."""

    def evaluated(self, step: int, metrics: Mapping[str, float]) -> None:
        """Ignore them."""
