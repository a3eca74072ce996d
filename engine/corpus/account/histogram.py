"""How often values lie between round edges."""

from bisect import bisect_left
from itertools import pairwise

from attrs import frozen


@frozen(kw_only=True)
class Histogram:
    """Counts of what lies up to the first edge, between two of them, and above the last."""

    title: str
    unit: str
    """Unit of the edges, which is printed behind them."""
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    """One more than edges. A value on an edge is counted below it."""

    @property
    def bars(self) -> list[tuple[str, int]]:
        """What lies where, in words, and how often: from the first bar that is not 0 to the last.

        Empty where nothing was counted.
        """
        between = [f"{low:g} to {high:g}" for low, high in pairwise(self.edges)]
        places = [f"≤ {self.edges[0]:g}", *between, f"> {self.edges[-1]:g}"]
        filled = [place for place, count in enumerate(self.counts) if count]
        if not filled:
            return []
        shown = slice(filled[0], filled[-1] + 1)
        return list(zip(places[shown], self.counts[shown], strict=True))


class Bins:
    """Counts values, in memory that does not grow."""

    def __init__(self, *edges: float) -> None:
        self.edges = edges
        self.counts = [0] * (len(edges) + 1)

    def add(self, value: float) -> None:
        """Count one value."""
        self.counts[bisect_left(self.edges, value)] += 1

    def histogram(self, title: str, unit: str) -> Histogram:
        """The histogram of the values counted so far."""
        return Histogram(title=title, unit=unit, edges=self.edges, counts=tuple(self.counts))
