"""What a trainer noticed of a fault: when, and whether it named the right cause."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from attrs import frozen

Row = Mapping[str, Any]
When = Literal["before step 1", "within 60 s", "by the end", "nothing"]

WITHIN_SECONDS = 60.0
HEALTHY = "healthy"
NOT_THERE = ("average",)
"""Families of faults in what the other trainers' set-ups do without: averaged weights."""


@frozen
class Noticed:
    """The score of one broken run."""

    when: When
    said: str
    """The first thing that no healthy run makes the trainer say."""
    is_right: bool
    """Whether something that was said names the cause."""


def said_of_healthy(rows: Iterable[Row]) -> Mapping[tuple[str, str], frozenset[str]]:
    """What each trainer says of a healthy system anyway, by trainer and system."""
    found: dict[tuple[str, str], frozenset[str]] = {}
    for row in rows:
        if row["operator"] == HEALTHY:
            key = row["trainer"], row["system"]
            said = frozenset(_without_numbers(one["text"]) for one in row["notices"])
            found[key] = found.get(key, frozenset()) | said
    return found


def last_steps(rows: Iterable[Row]) -> Mapping[str, int]:
    """The steps of a run that nothing stops, by system."""
    steps: dict[str, int] = {}
    for row in rows:
        steps[row["system"]] = max(steps.get(row["system"], 0), row["steps"])
    return steps


def score(row: Row, said_anyway: frozenset[str], named_by: Sequence[str], last: int) -> Noticed:
    """Score a broken run; `named_by` are expressions that the right cause is found by.

    What is said after the last step is never counted as said before, however soon it came.
    """
    new = [one for one in row["notices"] if _without_numbers(one["text"]) not in said_anyway]
    if not new:
        return Noticed("nothing", "", False)
    first = new[0]
    when: When = "by the end"
    if first["step"] == 0 and first["kind"] != "stop":
        when = "before step 1"
    elif first["step"] < last and first["seconds"] <= WITHIN_SECONDS:
        when = "within 60 s"
    right = any(re.search(one, notice["text"], re.I) for one in named_by for notice in new)
    return Noticed(when, first["text"], right)


def _without_numbers(text: str) -> str:
    return re.sub(r"[-+]?\d[\d.e+-]*", "#", text)
