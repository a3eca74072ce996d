"""The names most like one that does not exist, among any number of them."""

import heapq
from collections.abc import Iterable
from difflib import get_close_matches

_COMPARED = 50


def nearest(name: str, names: Iterable[str]) -> list[str]:
    """Up to three names, the nearest first; none where none is like it.

    The names are gone through once. Those that share most pairs of letters with `name` are compared
    letter by letter, which takes a hundred times as long.
    """
    wanted = _pairs(name)

    def likeness(other: str) -> float:
        pairs = _pairs(other)
        return len(wanted & pairs) / (len(wanted) + len(pairs))

    alike = heapq.nlargest(_COMPARED, names, key=likeness)
    return get_close_matches(name, alike, n=3)


def _pairs(name: str) -> set[str]:
    padded = f" {name} "
    return {padded[place : place + 2] for place in range(len(padded) - 1)}
