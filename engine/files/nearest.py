"""The known names most like one that does not exist, for every "did you mean"."""

import heapq
from collections.abc import Iterable
from difflib import get_close_matches

from engine.files.text import visible

_COMPARED = 50
_LONGEST = 60
"""Characters of a word that are compared: input may be of any length."""


def nearest(name: str, names: Iterable[str]) -> list[str]:
    """Up to three names, the nearest first; empty where none is similar.

    The names are gone through once. Those that share most pairs of letters with `name` are compared
    letter by letter, which takes a hundred times as long.
    """
    wanted = _pairs(name)

    def likeness(other: str) -> float:
        pairs = _pairs(other)
        return len(wanted & pairs) / (len(wanted) + len(pairs))

    alike = heapq.nlargest(_COMPARED, names, key=likeness)
    return get_close_matches(name, alike, n=3)


def suggestion(word: str, known: Iterable[str]) -> str:
    """` Did you mean 'train'?`, to stand after a full stop, or nothing where no name is near."""
    return "".join(
        f" Did you mean '{visible(name)}'?" for name in nearest(word[:_LONGEST], known)[:1]
    )


def _pairs(name: str) -> set[str]:
    padded = f" {name} "
    return {padded[place : place + 2] for place in range(len(padded) - 1)}
