"""The tables of what is tolerated, what is believed, what is concluded, and what is listened to."""

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
    """What is not tolerated of a metric: one condition. The run stops (or warns) if it fails.

    Keyed by the metric, a list of tables where a metric has several. Besides, and without a key,
    a training loss that is no finite number and a parameter without gradient stop every run.
    """

    at: str = setting("when the condition must hold", default="always", check=_moment)
    below: float | None = setting("the metric must be below this", default=None)
    above: float | None = setting("the metric must be above this", default=None)
    between: tuple[float, float] | None = setting(
        "the metric must lie in [low, high]", default=None
    )
    plateau_steps: int | None = setting(
        "the metric must get better over so many steps, clip by clip",
        default=None,
        check=at_least(1),
    )
    best_is: Direction | None = setting(
        "which value is best for plateau_steps; where it is not given, that of the training table "
        "for its own metric, and the lowest for others",
        default=None,
    )
    gap: str | None = setting(
        "training metric that must not fall while the guard's own surely rises, clip by clip",
        default=None,
        names="metric",
    )
    gap_steps: int | None = setting("over how many steps at least", default=None, check=at_least(1))
    action: Literal["stop", "warn", "off"] = setting(
        "what happens; 'off' switches an inherited guard, or one of the system's, off",
        default="stop",
        identity=False,
    )
    because: str = setting(
        "printed when the guard speaks: a phrase, or a place in the docs (docs/codec.md#stuck)",
        default="",
        identity=False,
    )

    @property
    def condition(self) -> str:
        """The key that says what must hold; empty of a guard that is off and has none."""
        return "".join(given(self, CONDITIONS)[:1])

    def cross_checks(self) -> Iterable[tuple[str, str]]:
        """One condition, with what it needs and nothing else."""
        if self.action != "off" or given(self, CONDITIONS):
            yield from exactly_one(self, CONDITIONS)
        if (self.gap is None) != (self.gap_steps is None):
            yield "gap_steps", "gap and gap_steps go together; give both or neither"
        if self.best_is is not None and self.plateau_steps is None:
            yield "best_is", "only plateau_steps asks which value is best; remove it"
        if self.between and self.between[0] > self.between[1]:
            yield "between", "the lower end comes first"


Guards = Mapping[str, Sequence[Guard]]
"""The guards of each metric."""


@frozen
class NamedGuard:
    """A guard that is on, as events, reports and checkpoints know it."""

    name: str
    """Its metric; of a metric with several guards with the condition, and its moment, if needed."""
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
    """Faults: metrics with two guards that only their limits tell apart."""
    times = Counter(named.name for named in guards_on(guards))
    for named in {named.name: named for named in guards_on(guards)}.values():
        if times[named.name] > 1:
            what = f"'{named.guard.condition}' at '{named.guard.at}'"
            yield f"guard.{named.metric}", f"{times[named.name]} guards with {what}; keep one"


@frozen(kw_only=True)
class Expectation:
    """What is believed of a metric: met or missed, reported, never enforced."""

    epochs: tuple[int, ...] | None = setting("after which epochs", default=None, check=milestones)
    steps: tuple[int, ...] | None = setting("or after which steps", default=None, check=milestones)
    low: tuple[float, ...] | None = setting("lower ends, one for each point", default=None)
    high: tuple[float, ...] | None = setting("upper ends, one for each point", default=None)
    because: str = setting("who believes it and why: a phrase, or a place in the docs", default="")

    def cross_checks(self) -> Iterable[tuple[str, str]]:
        """As many ends as points, and the lower one below the higher."""
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
"""How a verdict names the recipe itself, whatever it is called: children inherit the table."""


@frozen(kw_only=True)
class Verdict:
    """What a value means: n cuts of a metric make n + 1 rows, without hole or overlap.

    What is better is no matter of cuts: it is found clip by clip, against the weights that the
    recipe continues and against the baselines that `keep` names, and comes before these rows.
    """

    metric: str = setting(
        "the metric: of the evaluation, or what listeners said (`listening/overall`)",
        names="verdict",
    )
    cuts: tuple[float, ...] = setting("ascending limits", check=_cuts)
    keep: tuple[str, ...] | None = setting(
        "whose result is kept, for each row: 'self' (as where it is not given), the parent or a "
        "baseline; a row stands where the comparison clip by clip keeps the same",
        default=None,
    )
    say: tuple[str, ...] = setting("what the value means, for each row: no comparison")

    def cross_checks(self) -> Iterable[tuple[str, str]]:
        """One row more than cuts, and words that compare with nothing."""
        for said in self.say:
            if found := _COMPARES.search(said):
                yield (
                    "say",
                    f"'{found[0]}' compares, and what is better the run finds clip by clip: say "
                    "what the value means by itself",
                )
        num_rows = len(self.cuts) + 1
        for column in given(self, ("keep", "say")):
            if len(getattr(self, column)) != num_rows:
                number = len(getattr(self, column))
                yield column, f"{len(self.cuts)} cuts make {num_rows} rows, got {number}"


@frozen(kw_only=True)
class Samples:
    """What is made for looking and listening. Never changes what is learned."""

    num_clips: int = setting("evaluation clips that become samples", default=4, check=at_least(0))
    every: str | None = setting(
        "how often during training; always at its end", default=None, check=interval
    )
