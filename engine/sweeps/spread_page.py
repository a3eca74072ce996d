"""A recipe's spread over seeds for people: the table, and the page with each seed."""

from collections.abc import Iterator, Sequence

from attrs import frozen

from engine.files.pages import page_template
from engine.files.text import visible_lines
from engine.report.words import figure
from engine.sweeps.spread import SMALLEST, MetricSpread, Spread
from engine.tracking.shown_metrics import short_name

WIDTH, HEIGHT = 560, 96
_SIDE = 40
"""Pixels left and right of the outermost figure, for its words."""


def titles(spread: Spread, *, short: bool = False) -> list[str]:
    """The columns of the table, each of which reads alone; in `short` after the one before it."""
    smallest = [f"smallest difference with {number} seeds each" for number in spread.numbers]
    if short:
        smallest[1:] = [f"with {number}" for number in spread.numbers[1:]]
    return ["metric", "mean", "standard deviation over seeds", "its 95 % interval", *smallest]


def cells(one: MetricSpread, numbers: Sequence[int]) -> list[str]:
    """A row of the table: figures alone, none where there is none."""
    deviation, interval = "", ""
    if one.deviation is not None:
        found, low, high = map(figure, one.deviation)
        deviation, interval = found, f"{low} to {high}"
    elif len(one.values) > 1 and len({*one.values}) == 1:
        deviation = figure(0)
    smallest = [figure(one.found.shown_by(n)[1]) if one.found else "" for n in numbers]
    mean = "" if one.mean is None else figure(one.mean)
    return [short_name(one.metric), mean, deviation, interval, *smallest]


def spread_page(spread: Spread, command: str) -> str:
    """The page of a spread: what it says, each seed, and the table of all metrics."""
    best = spread.metrics[0]
    return page_template(["engine.sweeps"], visible_lines, "spread.html").render(
        title=f"{spread.recipe.name} over seeds",
        sentences=spread.sentences,
        best=short_name(best.metric),
        strip=Strip.of(spread),
        seeds=[*_ended(spread)],
        titles=titles(spread),
        rows=[cells(one, spread.numbers) for one in spread.metrics],
        notes=[SMALLEST, *spread.why_none()],
        command=command,
    )


def _ended(spread: Spread) -> Iterator[tuple[int, str, str]]:
    """Each seed, its value of the metric that picks the best, and how it ended."""
    found = spread.metrics[0].of_seeds
    values = dict(zip(spread.seeds, found, strict=True)) if len(found) == len(spread.seeds) else {}
    for seed in sorted({*spread.seeds, *spread.stopped}):
        value = figure(values[seed]) if seed in values else ""
        yield seed, value, spread.stopped.get(seed, "finished")


@frozen
class Strip:
    """The seeds' values on one axis, in pixels."""

    dots: Sequence[tuple[float, int]]
    """Place and seed."""
    mean: tuple[float, str]
    """Place and figure."""
    band: tuple[float, float]
    """The 95 % interval of the mean."""
    ends: Sequence[tuple[float, str]]
    """The ends of the axis, and their figures."""
    about: str
    """A description for readers who cannot see it."""
    width: int = WIDTH
    height: int = HEIGHT

    @staticmethod
    def of(spread: Spread) -> "Strip | None":
        """The strip of the metric that picks the best; None where it has no spread."""
        best = spread.metrics[0]
        if best.found is None:
            return None
        means, (low, high) = best.found.means, best.found.mean_interval
        first, last = min(low, *means), max(high, *means)

        def place(value: float) -> float:
            share = (value - first) / (last - first)
            return round(_SIDE + share * (WIDTH - 2 * _SIDE), 1)

        return Strip(
            dots=[(place(v), seed) for seed, v in zip(spread.seeds, means, strict=True)],
            mean=(place(best.found.mean), figure(best.found.mean)),
            band=(place(low), place(high)),
            ends=[(place(value), figure(value)) for value in (first, last)],
            about=(
                f"{short_name(best.metric)} of {len(spread.seeds)} seeds: mean "
                f"{figure(best.found.mean)}, 95 % interval of the mean {figure(low)} to "
                f"{figure(high)}, seeds from {figure(min(means))} to "
                f"{figure(max(means))}."
            ),
        )
