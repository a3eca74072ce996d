"""Delta debugging: the smallest part of a set that still fails.

Zeller and Hildebrandt, *Simplifying and Isolating Failure-Inducing Input* (2002), Figure 4.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TypeVar

Item = TypeVar("Item")


def ddmin(items: Sequence[Item], fails: Callable[[Sequence[Item]], bool]) -> list[Item]:
    """A part of `items` that fails, of which every single item is needed.

    `items` fail as a whole and nothing fails without any. What is not known to fail (invalid,
    undecided) counts as not failing, as "unresolved" does in the paper. No part is asked for twice.
    """
    asked: dict[tuple[Item, ...], bool] = {}

    def known(part: Sequence[Item]) -> bool:
        if tuple(part) not in asked:
            asked[tuple(part)] = fails(part)
        return asked[tuple(part)]

    left, parts = [*items], 2
    while len(left) > 1:
        chunks = _split(left, parts)
        rests = [[item for item in left if item not in chunk] for chunk in chunks]
        chunk = next(filter(known, chunks), None)
        rest = None if chunk is not None else next(filter(known, rests), None)
        if chunk is not None:
            left, parts = chunk, 2
        elif rest is not None:
            left, parts = rest, max(parts - 1, 2)
        elif parts < len(left):
            parts = min(2 * parts, len(left))
        else:
            break
    return left


def _split(items: Sequence[Item], parts: int) -> list[list[Item]]:
    """Items in so many parts of nearly equal size."""
    ends = [place * len(items) // parts for place in range(parts + 1)]
    return [[*items[begin:end]] for begin, end in pairwise(ends)]
