"""Why a file cannot be a clip."""

from typing import Literal

from engine.files.passing import is_passing

Reason = Literal[
    "unreadable",
    "truncated",
    "empty",
    "not finite",
    "too short",
    "too long",
    "silent",
    "clipped",
    "transcript missing",
    "alphabet unknown",
    "duplicate of",
    "sample rate too low",
    "header disagrees",
    "channels cancel",
]
"""The closed list of reasons for which a file cannot be a clip."""

_NOT_THE_FILE = "the disk or the network fails, and the next ingest reads the file again"


class UnusableError(Exception):
    """Why a file cannot be a clip: a reason of the closed list, and the particulars.

    `is_passing` says that the disk or the network failed: of the file itself nothing is known.
    """

    def __init__(self, reason: Reason, detail: str, *, is_passing: bool = False) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason: Reason = reason
        self.detail = detail
        self.is_passing = is_passing

    @classmethod
    def of(cls, error: OSError) -> "UnusableError":
        """Why a file cannot be read."""
        said = error.strerror or str(error)
        if not is_passing(error):
            return cls("unreadable", said)
        return cls("unreadable", f"{said}: {_NOT_THE_FILE}", is_passing=True)
