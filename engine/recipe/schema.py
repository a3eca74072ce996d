"""The tables that every recipe has. Systems add `dataset`, `model` and `losses`."""

from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Any, ClassVar, Literal

from attrs import frozen

from engine.recipe.fields import (
    above,
    ascending,
    at_least,
    between,
    matches,
    not_empty,
    setting,
    within,
)
from engine.recipe.naming import recipe_name

SCHEMA_VERSION = 1

SCRATCH = "scratch"
"""What start.from says where nothing is continued, as in a profile of a recipe that continues."""

LENGTHS = frozenset({"epochs", "steps"})
STARTS = frozenset({"from", "weights"})
CONDITIONS = frozenset({"below", "above", "between", "plateau_steps", "gap", "alive", "finite"})
ALTERNATIVES = (LENGTHS, STARTS, CONDITIONS)
"""Keys of one table of which one is given: a child or profile that gives one drops the others."""

# A table may have a method `cross_checks(self) -> Iterable[tuple[str, str]]`: faults that concern
# several of its keys, as (key path below the table, what is wrong). It runs where each is sound.

_interval = matches(r"(epoch|step):[1-9]\d*", "'epoch:N' or 'step:N', with N at least 1")
_moment = matches(
    r"always|(from )?(epoch|step):\d+",
    "'always', 'epoch:N', 'step:N', 'from epoch:N' or 'from step:N'",
)
_pick = matches(r"last|best|step:\d+", "'last', 'best' or 'step:N'")


def _betas(value: tuple[float, float]) -> str | None:
    return None if all(0 <= beta < 1 for beta in value) else "must lie in [0, 1)"


def _milestones(value: tuple[int, ...]) -> str | None:
    return not_empty(value) or at_least(1)(value[0]) or ascending(value)


def _parts(value: tuple[str, ...]) -> str | None:
    return not_empty(value) or (None if len(set(value)) == len(value) else "names a part twice")


def _cuts(value: tuple[float, ...]) -> str | None:
    return not_empty(value) or ascending(value)


def _version(value: int) -> str | None:
    if value == SCHEMA_VERSION:
        return None
    return f"this Cantus reads schema {SCHEMA_VERSION}, not {value}; see docs/recipe-reference.md"


def _given(table: object, keys: Iterable[str]) -> list[str]:
    return sorted(key for key in keys if getattr(table, key) is not None)


def _exactly_one(table: object, keys: frozenset[str]) -> Iterable[tuple[str, str]]:
    given = _given(table, keys)
    if len(given) != 1:
        got = " and ".join(given) or "none"
        yield "", f"give exactly one of {', '.join(sorted(keys))}; got {got}"


# ---- optimizers: one table for each turn of the system ([optimizer.autoencoder]) ----


@frozen(kw_only=True)
class Adam:
    """Adam (Kingma and Ba, 2015), torch.optim.Adam."""

    kind: ClassVar[str] = "adam"
    learning_rate: float = setting("peak learning rate", check=above(0.0))
    betas: tuple[float, float] = setting(
        "decay of the two moments", default=(0.9, 0.999), check=_betas
    )
    epsilon: float = setting("added to the denominator", default=1e-8, check=above(0.0))
    weight_decay: float = setting("L2 penalty", default=0.0, check=at_least(0.0))
    clip_gradient_norm: float | None = setting(
        "largest allowed norm of this turn's gradient", default=None, check=above(0.0)
    )


@frozen(kw_only=True)
class AdamW:
    """AdamW (Loshchilov and Hutter, 2019), torch.optim.AdamW."""

    kind: ClassVar[str] = "adamw"
    learning_rate: float = setting("peak learning rate", check=above(0.0))
    betas: tuple[float, float] = setting(
        "decay of the two moments", default=(0.9, 0.999), check=_betas
    )
    epsilon: float = setting("added to the denominator", default=1e-8, check=above(0.0))
    weight_decay: float = setting("decoupled weight decay", default=0.01, check=at_least(0.0))
    decays: Literal["everything", "weights"] = setting(
        "which parameters decay: all, or all but biases, norms and embeddings",
        default="everything",
    )
    clip_gradient_norm: float | None = setting(
        "largest allowed norm of this turn's gradient", default=None, check=above(0.0)
    )


Optimizer = Adam | AdamW

# ---- schedules: one table for each turn; a missing one is constant ----


@frozen(kw_only=True)
class Constant:
    """The peak learning rate throughout, after an optional linear warm-up."""

    kind: ClassVar[str] = "constant"
    warmup_steps: int = setting("steps of linear warm-up", default=0, check=at_least(0))


@frozen(kw_only=True)
class Cosine:
    """Linear warm-up, then half a cosine down to `final_share` of the peak at the last step."""

    kind: ClassVar[str] = "cosine"
    warmup_steps: int = setting("steps of linear warm-up", default=0, check=at_least(0))
    final_share: float = setting(
        "share of the peak at the last step", default=0.0, check=within(0.0, 1.0)
    )


@frozen(kw_only=True)
class Exponential:
    """The rate is multiplied by `gamma` after every step or epoch that follows the warm-up."""

    kind: ClassVar[str] = "exponential"
    gamma: float = setting("factor", check=within(0.0, 1.0))
    every: Literal["step", "epoch"] = setting("when the factor applies", default="step")
    warmup_steps: int = setting("steps of linear warm-up", default=0, check=at_least(0))


@frozen(kw_only=True)
class MultiStep:
    """The rate is multiplied by `gamma` at each of the milestones."""

    kind: ClassVar[str] = "multi_step"
    milestones: tuple[int, ...] = setting("steps at which the rate drops", check=_milestones)
    gamma: float = setting("factor", default=0.5, check=within(0.0, 1.0))
    warmup_steps: int = setting("steps of linear warm-up", default=0, check=at_least(0))


Schedule = Constant | Cosine | Exponential | MultiStep

# ---- how long and how often ----


@frozen(kw_only=True)
class Training:
    """How long training lasts, in what batches, and how often it looks up. A step is one update."""

    epochs: int | None = setting("passes over the training clips", default=None, check=at_least(1))
    steps: int | None = setting(
        "optimiser steps, where epochs are not given", default=None, check=at_least(1)
    )
    batch_size: int = setting("clips in a step, over all devices", check=at_least(1))
    num_micro_batches: int = setting(
        "parts a batch is cut into, their gradients accumulated", default=1, check=at_least(1)
    )
    precision: Literal["fp32", "bf16", "fp16"] = setting(
        "arithmetic of the networks", default="fp32"
    )
    compile: Literal["off", "default", "max-autotune"] = setting(
        "torch.compile mode", default="off"
    )
    ema_decay: float | None = setting(
        "decay of the averaged weights that are evaluated and exported",
        default=None,
        check=between(0.0, 1.0),
    )
    evaluate_every: str = setting("'epoch:N' or 'step:N'", default="epoch:1", check=_interval)
    checkpoint_every: str = setting(
        "how often a resumable checkpoint is written",
        default="epoch:1",
        check=_interval,
        identity=False,
    )
    keep_every: str | None = setting(
        "which checkpoints are kept for later phases besides last and best: 'epoch:N' or 'step:N'",
        default=None,
        check=_interval,
    )
    best: str = setting("metric that picks the best checkpoint", names="result")
    best_is: Literal["lowest", "highest"] = setting("which value of it is best", default="lowest")
    best_by: Literal["paired", "value"] = setting(
        "whether an evaluation is better when the 95 % interval of its differences clip by clip "
        "lies on the better side, or when its value does; metrics without a figure for each clip "
        "go by value",
        default="paired",
    )
    log_every_steps: int = setting(
        "steps between two lines of training metrics", default=10, check=at_least(1), identity=False
    )

    def cross_checks(self) -> Iterable[tuple[str, str]]:
        """One length, and batches that can be cut evenly."""
        yield from _exactly_one(self, LENGTHS)
        if self.batch_size % self.num_micro_batches:
            yield (
                "num_micro_batches",
                f"must divide the batch_size of {self.batch_size}, got {self.num_micro_batches}",
            )


# ---- phases ----


@frozen(kw_only=True)
class Start:
    """Continue another recipe's checkpoint, or a published model's weights."""

    from_: str | None = setting(
        "name of the recipe this one continues; 'scratch': none, whatever was inherited",
        default=None,
        key="from",
        check=recipe_name,
    )
    weights: str | None = setting(
        "or a file of published weights, by its path in the project; the first evaluation is "
        "theirs, and what they were trained on is not known",
        default=None,
        check=not_empty,
    )
    pick: str = setting("'last', 'best' or 'step:N'", default="best", check=_pick)
    carry: tuple[Literal["weights", "optimizer", "schedule", "rng", "data"], ...] = setting(
        "what is taken over: weights, the optimiser's state, the position in the schedule, the "
        "random number generators, the position in the order of clips; the learning rate is "
        "always the recipe's",
        default=("weights",),
        check=_parts,
    )
    evaluation: Literal["inherited", "own"] = setting(
        "whether the parent's evaluation clips are evaluated on, or those of this recipe's split, "
        "as always with published weights, which have none",
        default="inherited",
    )

    @property
    def name(self) -> str:
        """What is continued: a recipe's name, or that of a file."""
        return self.from_ or PurePath(self.weights or "").name

    def cross_checks(self) -> Iterable[tuple[str, str]]:
        """One of the two, and of a file nothing but its weights."""
        if (self.from_ is None) == (self.weights is None):
            yield "", "give exactly one of from, weights"
        if self.weights is not None and self.carry != ("weights",):
            yield "carry", "a file of weights holds nothing else; remove it"
        if self.weights is not None and self.pick != "best":
            yield "pick", "a file of weights holds one model; remove it"


# ---- what is tolerated, believed, concluded ----


@frozen(kw_only=True)
class Guard:
    """What is not tolerated: one condition. The run stops (or warns) when it does not hold."""

    metric: str | None = setting("the metric that is watched", default=None, names="metric")
    at: str = setting("when the condition must hold", default="always", check=_moment)
    below: float | None = setting("the metric must be below this", default=None)
    above: float | None = setting("the metric must be above this", default=None)
    between: tuple[float, float] | None = setting(
        "the metric must lie in [low, high]", default=None
    )
    plateau_steps: int | None = setting(
        "the metric must reach a new best at least once in so many steps",
        default=None,
        check=at_least(1),
    )
    best_is: Literal["lowest", "highest"] | None = setting(
        "which value is best for plateau_steps; where it is not given, that of the training table "
        "for its own metric, and the lowest for others",
        default=None,
    )
    gap: str | None = setting(
        "training metric that must not fall while `metric` rises for `gap_steps`",
        default=None,
        names="metric",
    )
    gap_steps: int | None = setting(
        "how long such a gap is tolerated", default=None, check=at_least(1)
    )
    alive: str | None = setting(
        "parameters (by the start of their name, or 'all') that must get a gradient",
        default=None,
        check=not_empty,
    )
    finite: str | None = setting(
        "metric that must be a finite number", default=None, names="metric"
    )
    action: Literal["stop", "warn"] = setting("what happens", default="stop", identity=False)
    because: str = setting("printed when the guard speaks", default="", identity=False)

    def cross_checks(self) -> Iterable[tuple[str, str]]:
        """One condition, with what it needs and nothing else."""
        yield from _exactly_one(self, CONDITIONS)
        watches = {"below", "above", "between", "plateau_steps", "gap"}.intersection(
            _given(self, CONDITIONS)
        )
        if watches and self.metric is None:
            yield "metric", f"missing; {' and '.join(sorted(watches))} needs the metric it watches"
        if self.metric is not None and (self.alive or self.finite):
            yield "metric", "alive and finite name what they watch themselves; remove it"
        if (self.gap is None) != (self.gap_steps is None):
            yield "gap_steps", "gap and gap_steps go together; give both or neither"
        if self.best_is is not None and self.plateau_steps is None:
            yield "best_is", "only plateau_steps asks which value is best; remove it"
        if self.between and self.between[0] > self.between[1]:
            yield "between", "the lower end comes first"


@frozen(kw_only=True)
class Expectation:
    """What is believed of a metric: met or missed, reported, never enforced."""

    metric: str = setting("the metric", names="metric")
    epochs: tuple[int, ...] | None = setting("after which epochs", default=None, check=_milestones)
    steps: tuple[int, ...] | None = setting("or after which steps", default=None, check=_milestones)
    low: tuple[float, ...] | None = setting("lower ends, one for each point", default=None)
    high: tuple[float, ...] | None = setting("upper ends, one for each point", default=None)
    because: str = setting("who believes it and why", default="")

    def cross_checks(self) -> Iterable[tuple[str, str]]:
        """As many ends as points, and the lower one below the higher."""
        yield from _exactly_one(self, LENGTHS)
        ends = _given(self, ("low", "high"))
        if not ends:
            yield "", "give low, high or both"
        num_points = len(self.epochs or self.steps or ())
        for end in ends:
            if len(getattr(self, end)) != num_points:
                yield end, f"must hold one number for each of the {num_points} points"
        if any(low > high for low, high in zip(self.low or (), self.high or (), strict=False)):
            yield "low", "must not be above high at the same point"


@frozen(kw_only=True)
class Verdict:
    """What to do with the result: n cuts of a metric make n + 1 rows, without hole or overlap."""

    metric: str = setting("the metric", names="result")
    cuts: tuple[float, ...] = setting("ascending limits", check=_cuts)
    keep: tuple[str, ...] = setting("the recipe whose result is kept, for each row")
    say: tuple[str, ...] = setting("the verdict in words, for each row")

    def cross_checks(self) -> Iterable[tuple[str, str]]:
        """One row more than cuts."""
        num_rows = len(self.cuts) + 1
        for column in ("keep", "say"):
            if len(getattr(self, column)) != num_rows:
                given = len(getattr(self, column))
                yield column, f"{len(self.cuts)} cuts make {num_rows} rows, got {given}"


@frozen(kw_only=True)
class Samples:
    """What is made for looking and listening. Never changes what is learned."""

    num_clips: int = setting("evaluation clips that become samples", default=4, check=at_least(0))
    every: str | None = setting(
        "how often during training; always at its end", default=None, check=_interval
    )


# ---- the recipe ----


def _slashes(name: str) -> list[int]:
    return [place for place, char in enumerate(name) if char == "/"]


@frozen
class Plot:
    """A curve that DVC draws of each run from one of its tables in plots/<recipe>/."""

    table: str
    """The file's name without .csv: train, eval, or what numbered metrics count."""
    x: str
    y: str
    title: str = ""
    """Of the plot that sets all recipes of the system side by side; empty where there is none."""


@frozen(kw_only=True)
class Recipe:
    """A whole recipe. Each system subclasses it and types `dataset`, `model` and `losses`."""

    version: ClassVar[int] = 1
    """Raised when the system's code would train the same recipe to other numbers."""
    turns: ClassVar[tuple[str, ...]] = ()
    metrics: ClassVar[Mapping[str, str]] = {}
    """Every metric the system produces, with what it is (unit included). None is a group of
    others (`eval/mel` beside `eval/mel/low`): metrics files are nested by these names."""

    shown_by: ClassVar[tuple[str, ...]] = ("samples", "pictures", "export")
    """Modules beside the recipe class that show or export results and change none: an edit of them
    is no edit of the code that counts."""

    plots: ClassVar[tuple[Plot, ...]] = ()
    """The curves that DVC draws besides train/loss and the metric that picks the best."""

    schema: int = setting("version of the recipe grammar; 1", check=_version)
    name: str = setting("the recipe's name: its file, stage and model folder", check=recipe_name)
    system: str = setting("model family")
    summary: str = setting("one sentence", identity=False)
    upstream: str | None = setting("the published setup it follows", default=None, identity=False)
    dataset: Any = setting("which audio, cut how")
    model: Any = setting("the networks")
    losses: Any = setting("the weight of each loss term")
    optimizer: dict[str, Optimizer] = setting("one table for each turn", names="turn")
    schedule: dict[str, Schedule] = setting(
        "one table for each turn; constant where there is none", default={}, names="turn"
    )
    training: Training = setting("how long, how often")
    start: Start | None = setting("the phase that is continued", default=None)
    guard: dict[str, Guard] = setting("named guards", default={}, identity=False)
    expect: dict[str, Expectation] = setting("named expectations", default={}, identity=False)
    verdict: Verdict | None = setting("the conclusion", default=None, identity=False)
    samples: Samples = setting("what is made for listening", default=Samples(), identity=False)

    @property
    def reads_hz(self) -> tuple[int, ...]:
        """The sample rates, in Hz, at which the recipe reads its corpus."""
        rate = getattr(self.dataset, "sample_rate_hz", None)
        return () if rate is None else (rate,)

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        groups = {name[:end] for name in cls.metrics for end in _slashes(name)}
        both = sorted(groups.intersection(cls.metrics))
        assert not both, f"{cls.__name__}: {', '.join(both)} is both a metric and a group of others"

    def cross_checks(self) -> Iterable[tuple[str, str]]:
        """Faults of several keys at once: (key path, what is wrong). Systems extend it."""
        if self.name == SCRATCH:
            yield "name", f"a recipe cannot be called '{SCRATCH}': start.from says so of no recipe"
        if self.start is not None and self.start.from_ == self.name:
            yield "start.from", "a recipe cannot continue itself"
