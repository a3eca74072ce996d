"""Clips of a corpus that a recipe does not use, each with its reason."""

from collections.abc import Sequence
from typing import Generic, TypeVar

from attrs import frozen

from engine.files.text import visible

Reason = TypeVar("Reason", bound=str)
"""One of a system's own closed list."""
_SHOWN = 3


@frozen
class LeftOut(Generic[Reason]):
    """A clip that is not used."""

    row: int
    """Row of the manifest."""
    id: str
    reason: Reason
    detail: str
    """Details; empty where the reason says everything."""

    def __str__(self) -> str:
        return visible(f"{self.id} ({self.detail})" if self.detail else self.id)


def by_reason(left_out: Sequence[LeftOut[Reason]]) -> dict[Reason, list[LeftOut[Reason]]]:
    """The clips of each reason, in their order."""
    found: dict[Reason, list[LeftOut[Reason]]] = {}
    for one in left_out:
        found.setdefault(one.reason, []).append(one)
    return found


def notes_of(left_out: Sequence[LeftOut[Reason]]) -> list[str]:
    """Sentences for the report: how many for each reason, and the first of them."""
    return [
        f"Left out, {reason}: {len(these)}, first {', '.join(map(str, these[:_SHOWN]))}."
        for reason, these in by_reason(left_out).items()
    ]
