"""The tables of guards, expectations, verdict and samples."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

from attrs import frozen

from engine.recipe.alternatives import CONDITIONS, LENGTHS, exactly_one, given
from engine.recipe.fields import ascending, at_least, matches, not_empty, setting
from engine.recipe.optimizers import milestones
from engine.recipe.training import Direction, interval

_moment = matches(
    r"always|(from )?(epoch|step):\d+",
    "'always', 'epoch:N', 'step:N', 'from epoch:N' or 'from step:N'",
)


def _cuts(value: tuple[float, ...]) -> str | None:
    return not_empty(value) or ascending(value)


@frozen(kw_only=True)
class Guard:
    """One condition on a metric. The run stops (or warns) if the condition fails.

    Keyed by the metric, with a list of tables where a metric has several guards. In addition, a
    training loss that is not finite and a parameter without gradient stop every run.
    """

    at: str = setting("when the condition must hold", default="always", check=_moment)
    below: float | None = setting("the metric must be below this", default=None)
    above: float | None = setting("the metric must be above this", default=None)
    between: tuple[float, float] | None = setting(
        "the metric must lie in [low, high]", default=None
    )
    plateau_steps: int | None = setting(
        "the metric must improve over so many steps, clip by clip",
        default=None,
        check=at_least(1),
    )
    best_is: Direction | None = setting(
        "whether lower or higher values are better for plateau_steps; default: that of the "
        "training table for its own metric, else the lowest",
        default=None,
    )
    gap: str | None = setting(
        "training metric that must not fall while the guard's own metric significantly rises, clip "
        "by clip",
        default=None,
        names="metric",
    )
    gap_steps: int | None = setting("over at least how many steps", default=None, check=at_least(1))
    action: Literal["stop", "warn", "off"] = setting(
        "what happens when the condition fails; 'off' switches off an inherited guard, or one "
        "of the system's",
        default="stop",
        identity=False,
    )
    because: str = setting(
        "printed when the guard fires: a phrase, or a place in the docs (docs/codec.md#stuck)",
        default="",
        identity=False,
    )

    @property
    def condition(self) -> str:
        """The key of the condition; empty for a guard that is off and has none."""
        return "".join(given(self, CONDITIONS)[:1])

    def cross_checks(self) -> Iterable[tuple[str, str]]:
        """Faults: other than one condition, or keys that the condition does not take."""
        if self.action != "off" or given(self, CONDITIONS):
            yield from exactly_one(self, CONDITIONS)
        if (self.gap is None) != (self.gap_steps is None):
            yield "gap_steps", "gap and gap_steps go together; give both or neither"
        if self.best_is is not None and self.plateau_steps is None:
            yield "best_is", "only plateau_steps takes best_is; remove it"
        if self.between and self.between[0] > self.between[1]:
            yield "between", "the lower end comes first"


Guards = Mapping[str, Sequence[Guard]]
"""The guards of each metric."""


@frozen
class NamedGuard:
    """A guard that is on, with its name in events, reports and checkpoints."""

    name: str
    """The metric; with several guards of it also the condition, and the moment if needed."""
    metric: str
    guard: Guard


def guards_on(guards: Guards) -> Iterator[NamedGuard]:
    """Every guard that is not switched off, in the order of the recipe."""
    for metric, several in guards.items():
        on = [guard for guard in several if guard.action != "off"]
        alike = Counter(guard.condition for guard in on)
        for guard in on:
            more = (
                f"{guard.condition} {guard.at}" if alike[guard.condition] > 1 else guard.condition
            )
            yield NamedGuard(f"{metric} ({more})" if len(on) > 1 else metric, metric, guard)


def same_guards(guards: Guards) -> Iterator[tuple[str, str]]:
    """Faults: metrics with two guards that differ only in their limits."""
    times = Counter(named.name for named in guards_on(guards))
    for named in {named.name: named for named in guards_on(guards)}.values():
        if times[named.name] > 1:
            what = f"'{named.guard.condition}' at '{named.guard.at}'"
            yield f"guard.{named.metric}", f"{times[named.name]} guards with {what}; keep one"


@frozen(kw_only=True)
class Expectation:
    """The expected range of a metric: met or missed, reported, never enforced."""

    epochs: tuple[int, ...] | None = setting("after which epochs", default=None, check=milestones)
    steps: tuple[int, ...] | None = setting("or after which steps", default=None, check=milestones)
    low: tuple[float, ...] | None = setting("lower ends, one for each point", default=None)
    high: tuple[float, ...] | None = setting("upper ends, one for each point", default=None)
    because: str = setting("who expects it and why: a phrase, or a place in the docs", default="")
    measured: tuple[str, ...] = setting(
        "how the expected figures were measured, in words of the report's list of units, such as "
        "'pesq 0.0.4' or '16,000 Hz'. Where a run measures otherwise, nothing is compared",
        default=(),
    )

    def cross_checks(self) -> Iterable[tuple[str, str]]:
        """Faults: other than one limit for each point, or a lower limit above the higher."""
        yield from exactly_one(self, LENGTHS)
        ends = given(self, ("low", "high"))
        if not ends:
            yield "", "give low, high or both"
        num_points = len(self.epochs or self.steps or ())
        for end in ends:
            if len(getattr(self, end)) != num_points:
                yield end, f"must hold one number for each of the {num_points} points"
        if any(low > high for low, high in zip(self.low or (), self.high or (), strict=False)):
            yield "low", "must not be above high at the same point"


_COMPARES = re.compile(
    r"\b(better|worse|beats?|beaten|improve[sd]?|improvements?|gains?|gained|outperforms?)\b", re.I
)

OWN = "self"
"""The recipe itself in a verdict, whatever its name: children inherit the table."""


@frozen(kw_only=True)
class Verdict:
    """The meaning of a value: n cuts of a metric make n + 1 rows, without gap or overlap.

    Which result is better does not depend on cuts: results are compared clip by clip with the
    weights that the recipe continues and with the baselines that `keep` names, and that comparison
    comes before these rows.
    """

    metric: str = setting(
        "the metric: of the evaluation, or of listening tests (`listening/overall`)",
        names="verdict",
    )
    cuts: tuple[float, ...] = setting("ascending limits", check=_cuts)
    keep: tuple[str, ...] | None = setting(
        "whose result is kept, for each row: 'self' (the default), the parent or a baseline; a row "
        "applies where the comparison clip by clip keeps the same result",
        default=None,
    )
    say: tuple[str, ...] = setting("what the value means, for each row, without a comparison")

    def cross_checks(self) -> Iterable[tuple[str, str]]:
        """Faults: other than one row more than cuts, or words that compare."""
        for said in self.say:
            if found := _COMPARES.search(said):
                yield (
                    "say",
                    f"'{found[0]}' compares, but the run itself compares results clip by clip: say "
                    "what the value means by itself",
                )
        num_rows = len(self.cuts) + 1
        for column in given(self, ("keep", "say")):
            if len(getattr(self, column)) != num_rows:
                number = len(getattr(self, column))
                yield column, f"{len(self.cuts)} cuts make {num_rows} rows, got {number}"


@frozen(kw_only=True)
class Samples:
    """Samples to look at and listen to. They never affect training."""

    num_clips: int = setting("evaluation clips that become samples", default=4, check=at_least(0))
    every: str | None = setting(
        "how often during training; always at its end", default=None, check=interval
    )
