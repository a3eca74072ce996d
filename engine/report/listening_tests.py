"""What a page shows of listening tests; `engine/listening/shown.py` fills it in."""

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen


@frozen
class RatedVersion:
    """A version of the clips, and its mean rating on each scale, in words."""

    title: str
    ratings: tuple[str, ...]
    is_own: bool
    """Whether it is one of the runs that the page is of."""


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
    """What takes the place of a finish event's facts, where listeners decide the verdict."""


NO_TESTS = ShownTests()
