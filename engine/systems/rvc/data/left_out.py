"""Clips that are not used, each with its reason and what would help."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Literal

from attrs import frozen

from engine.files.text import visible

Reason = Literal["other speaker", "speaker unknown", "silent", "peak above 2.5", "no voiced frame"]

WAY_OUT: Mapping[Reason, str] = MappingProxyType(
    {
        "other speaker": "add it to dataset.speakers",
        "speaker unknown": "name its speaker in the corpus's table, or put its file into a folder "
        "of that name",
        "silent": "record it louder, or take it out of the corpus",
        "peak above 2.5": "record it anew: it is overdriven",
        "no voiced frame": "nothing, where nobody speaks; else another dataset.pitch",
    }
)
"""What would let a clip be used."""
_SHOWN = 3


@frozen
class LeftOut:
    """A clip that is not used."""

    row: int
    """Of the manifest."""
    id: str
    reason: Reason
    found: str
    """Empty where the reason says it all."""

    def __str__(self) -> str:
        return visible(f"{self.id} ({self.found})" if self.found else self.id)


def notes_of(left_out: Sequence[LeftOut]) -> list[str]:
    """Sentences on the clips that are not used, by reason."""
    by_reason: dict[Reason, list[LeftOut]] = {}
    for one in left_out:
        by_reason.setdefault(one.reason, []).append(one)
    return [
        f"Left out, {reason}: {len(these)}, first {', '.join(map(str, these[:_SHOWN]))}."
        for reason, these in by_reason.items()
    ]
