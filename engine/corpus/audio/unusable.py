"""Why a file cannot be a clip."""

from typing import Literal

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
]
"""The closed list of reasons for which a file cannot be a clip."""


class UnusableError(Exception):
    """Why a file cannot be a clip: a reason of the closed list, and the particulars."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason: Reason = reason
        self.detail = detail
