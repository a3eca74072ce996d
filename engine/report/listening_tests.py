"""Listening tests as a page shows them; `engine/listening/shown.py` fills them in."""

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen


@frozen
class RatedVersion:
    """A version of the clips, and its mean rating on each scale, in words."""

    title: str
    ratings: tuple[str, ...]
    is_own: bool
    """Whether the version belongs to a run of the page."""


@frozen
class ShownTest:
    """One listening test."""

    name: str
    scales: tuple[str, ...]
    versions: tuple[RatedVersion, ...]
    sentences: tuple[str, ...]


@frozen
class ShownTests:
    """All listening tests of the runs that a page is of, the newest first."""

    tests: tuple[ShownTest, ...] = ()
    complaints: tuple[str, ...] = ()
    """Why some results are not shown."""
    finish: Mapping[str, Any] = field(factory=dict)
    """Facts that replace those of a finish event, where listeners decide the verdict."""


NO_TESTS = ShownTests()
