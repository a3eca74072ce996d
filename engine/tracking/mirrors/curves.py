"""The figures of a run that become curves: those that change. Others are constants."""

from collections.abc import Mapping
from types import MappingProxyType

from attrs import define, field, frozen

from engine.tracking.events import Event
from engine.tracking.mirrors.marks import marked

_ENTRIES = ("parent", "untrained")
"""Names of the evaluation before step 1, which is the first point of each curve."""


@frozen
class Place:
    """The position of a point on the axis."""

    step: int
    """Optimizer steps of the run."""
    total: int
    """Optimizer steps with those of the phases before."""
    epoch: float
    time: float
    """Seconds since the epoch."""


@frozen
class Figure:
    """A metric without its prefix (`rmse_db`), so that one chart holds all its subsets."""

    subset: str
    """`train`, `eval`, or `run` for other metrics."""
    name: str
    mark: str = ""
    """Digits that stand for how it is measured; empty where nothing depends on that."""

    @property
    def title(self) -> str:
        """The name of the chart: figures of other units have another."""
        return marked(self.name, self.mark) if self.mark else self.name

    @property
    def path(self) -> str:
        """The name of the chart below its subset."""
        return f"{self.subset}/{self.title}"


Points = dict[Place, dict[Figure, float]]


@define
class Curves:
    """The figures of a run so far: those that have changed, and the ends of those that have not."""

    _still: dict[Figure, dict[Place, float]] = field(factory=dict)
    _moving: set[Figure] = field(factory=set)

    def add(self, figures: Mapping[Figure, float], place: Place) -> Points:
        """The points to draw now: of changing figures, with points that were held back."""
        points: Points = {}
        for figure, value in figures.items():
            held = self._still.pop(figure, {}) if figure not in self._moving else {}
            ends = {**held, place: value}
            if figure not in self._moving and len({*ends.values()}) == 1:
                self._still[figure] = {at: ends[at] for at in (next(iter(ends)), place)}
                continue
            self._moving.add(figure)
            for at, number in ends.items():
                points.setdefault(at, {})[figure] = number
        return points

    def forget_after(self, step: int) -> None:
        """Forget later points, which a resumed run makes again."""
        for held in self._still.values():
            for place in [place for place in held if place.step > step]:
                del held[place]

    @property
    def constants(self) -> dict[str, float]:
        """The figures that had one value throughout, by their names."""
        return {
            f"{figure.subset}/{figure.name}": next(iter(held.values()))
            for figure, held in sorted(self._still.items(), key=lambda item: item[0].path)
            if held
        }


def place_of(event: Event, steps_before: int) -> Place:
    """The position of an event's figures, in a run after so many steps of other phases."""
    return Place(event.step, steps_before + event.step, event.epoch, event.time)


def figures_of(
    event: Event, marks: Mapping[str, str] = MappingProxyType({})
) -> dict[Figure, float]:
    """The figures of an event that were measured at its step.

    `marks` are those of metrics by their names without prefix.

    A finish event repeats figures of the best step, and baselines have no steps.
    """
    if event.kind == "finish":
        return {}
    numbers = {name: value for name, value in event.metrics.items() if value is not None}
    return {
        _figure(name, marks): value
        for name, value in numbers.items()
        if not name.startswith("baseline/")
    }


def _figure(name: str, marks: Mapping[str, str]) -> Figure:
    subset, _, short = name.partition("/")
    if not short:
        return Figure("run", name)
    return Figure("eval" if subset in _ENTRIES else subset, short, marks.get(short, ""))
