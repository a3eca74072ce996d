"""Curves as SVG inside the page: coordinates of lines, ticks and levels, without markup.

The axis of values fits the evaluated figures. A level far from them (an untrained baseline) would
flatten the curves, so it is named beside the chart instead of drawn.
"""

import math
from collections.abc import Iterable, Sequence

from attrs import field, frozen

from engine.report.words import figure

WIDTH, HEIGHT = 560, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 12, 10, 38
_NUM_TICKS = 5
_REACH = 0.35
"""Distance from the curves within which a level is drawn, in heights of the curves."""
_MARGIN = 0.06
_MOST_DOTS = 60
_LABEL_HEIGHT = 15

Point = tuple[float, float]


@frozen
class Line:
    """A curve: its title, its points, the colour of its run, and how it is drawn."""

    title: str
    points: Sequence[Point]
    colour: int = 1
    """Number of the colour, from 1 on."""
    decides: bool = True
    """Whether the axis is fitted to the curve, which is then drawn thick."""
    dots: bool = True
    """Whether each point of a few is marked."""


@frozen
class Level:
    """A horizontal line: a baseline, or the limit of a guard."""

    title: str
    value: float
    kind: str
    """`baseline` or `guard`."""


@frozen
class Bar:
    """The range expected at a step."""

    step: float
    low: float
    high: float


@frozen
class Chart:
    """Curves of one metric over steps, or of any figure over another."""

    title: str
    lines: Sequence[Line]
    levels: Sequence[Level] = ()
    bars: Sequence[Bar] = ()
    starts: Sequence[tuple[float, str]] = ()
    """Positions on the axis where phases begin, and the phases' names."""
    across: str = "step"
    note: str = ""

    def drawn(self) -> "Drawing":
        """Coordinates. A chart holds at least one point."""
        low, high = _range_of(self)
        scale = _Scale.of([x for line in self.lines for x, _ in line.points], low, high)
        near = [level for level in self.levels if low <= level.value <= high]
        return Drawing(
            chart=self,
            paths=tuple(_Path.of(line, scale) for line in self.lines if line.points),
            ups=tuple((scale.y(v), figure(v)) for v in _ticks(low, high)),
            acrosses=tuple((scale.x(v), figure(v)) for v in _ticks(scale.first, scale.last)),
            levels=tuple((scale.y(level.value), level.kind) for level in near),
            labels=_labels([(scale.y(level.value), level) for level in near]),
            outside=(*_unseen(self.lines, low, high), *_far(self.levels, low, high)),
            bars=tuple((scale.x(b.step), scale.y(b.high), scale.y(b.low)) for b in self.bars),
            starts=tuple((scale.x(step), name) for step, name in self.starts),
        )


@frozen
class _Scale:
    """The mapping from figures to pixels."""

    first: float
    last: float
    low: float
    high: float

    @staticmethod
    def of(across: Sequence[float], low: float, high: float) -> "_Scale":
        first, last = min(across), max(across)
        return _Scale(first, last if last > first else first + 1, low, high)

    def x(self, value: float) -> float:
        share = (value - self.first) / (self.last - self.first)
        return round(_LEFT + share * (WIDTH - _LEFT - _RIGHT), 1)

    def y(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(HEIGHT - _BOTTOM - share * (HEIGHT - _TOP - _BOTTOM), 1)


@frozen
class _Path:
    """A line in pixels: moves and straight lines of SVG, and dots at evaluated points."""

    line: Line
    moves: str
    dots: tuple[Point, ...]

    @staticmethod
    def of(line: Line, scale: _Scale) -> "_Path":
        pixels = tuple((scale.x(x), scale.y(y)) for x, y in line.points)
        moves = "M" + " L".join(f"{x} {y}" for x, y in pixels)
        return _Path(line, moves, pixels if _is_dotted(line) else ())


@frozen
class Drawing:
    """A chart in pixels."""

    chart: Chart
    paths: tuple[_Path, ...]
    ups: tuple[tuple[float, str], ...]
    acrosses: tuple[tuple[float, str], ...]
    levels: tuple[tuple[float, str], ...]
    """Heights of horizontal lines, and their kinds."""
    labels: tuple[tuple[float, str, str], ...]
    """Height, kind and words."""
    outside: tuple[str, ...]
    """Levels that lie too far away to be drawn, in words."""
    bars: tuple[tuple[float, float, float], ...]
    starts: tuple[tuple[float, str], ...]
    width: int = WIDTH
    height: int = HEIGHT
    frame: tuple[int, int, int, int] = field(
        default=(_LEFT, _TOP, WIDTH - _RIGHT, HEIGHT - _BOTTOM)
    )

    @property
    def about(self) -> str:
        """A description for readers who cannot see the chart: each curve's first and last value."""
        described = [
            _first_and_last(path.line)
            for path in self.paths
            if path.line.decides and path.line.title
        ]
        return f"{self.chart.title} over {self.chart.across}. {' '.join(described)}".strip()


def _labels(levels: Sequence[tuple[float, Level]]) -> tuple[tuple[float, str, str], ...]:
    """A label above each level; levels that lie close to each other share one."""
    found: list[tuple[float, str, str]] = []
    for y, level in sorted(levels, key=lambda one: one[0]):
        if found and y - found[-1][0] < _LABEL_HEIGHT and found[-1][1] == level.kind:
            top, kind, words = found[-1]
            found[-1] = (top, kind, f"{words}, {level.title}")
        else:
            found.append((y, level.kind, level.title))
    return tuple(found)


def _is_dotted(line: Line) -> bool:
    return line.dots and line.decides and len(line.points) < _MOST_DOTS


def _first_and_last(line: Line) -> str:
    (start, first), (end, last) = line.points[0], line.points[-1]
    return f"{line.title}: {figure(first)} at {figure(start)}, {figure(last)} at {figure(end)}."


def _range_of(chart: Chart) -> tuple[float, float]:
    """The lowest and the highest figure of the axis."""
    fitted = [y for line in chart.lines if line.decides for _, y in line.points]
    fitted = fitted or [y for line in chart.lines for _, y in line.points]
    fitted += [limit for bar in chart.bars for limit in (bar.low, bar.high)]
    low, high = min(fitted), max(fitted)
    reach = _REACH * (high - low)
    near = [one.value for one in chart.levels if low - reach <= one.value <= high + reach]
    low, high = min([low, *near]), max([high, *near])
    margin = _MARGIN * (high - low) or abs(high) * _MARGIN or 1.0
    return low - margin, high + margin


def _ticks(low: float, high: float) -> Iterable[float]:
    """Round figures between two others, about five."""
    rough = (high - low) / _NUM_TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough)
    first = math.ceil(low / step)
    return [round(n * step, 12) for n in range(first, math.floor(high / step) + 1)]


def _far(levels: Iterable[Level], low: float, high: float) -> list[str]:
    found = [(one.title, one.value) for one in levels if not low <= one.value <= high]
    return [f"{title}: {_where(value, high)}" for title, value in found]


def _unseen(lines: Iterable[Line], low: float, high: float) -> list[str]:
    """Lines that end where the axis does not reach."""
    ends = [(line.title, line.points[-1][1]) for line in lines if line.points]
    far = [(title, value) for title, value in ends if not low <= value <= high]
    return [f"{title} ends at {_where(value, high)}" for title, value in far]


def _where(value: float, high: float) -> str:
    return f"{figure(value)}, {'above' if value > high else 'below'} this picture"
