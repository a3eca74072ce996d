"""The tables that every recipe has, whatever its system. Systems add `dataset`, `model`, `losses`."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Literal

from attrs import frozen

from engine.recipe.fields import above, at_least, not_empty, setting, within

SCHEMA_VERSION = 1

# ---- optimizers: one table for each turn of the system ([optimizer.autoencoder]) ----


@frozen(kw_only=True)
class Adam:
    """Adam (Kingma and Ba, 2015), torch.optim.Adam."""

    kind: ClassVar[str] = "adam"
    learning_rate: float = setting("peak learning rate", check=above(0.0))
    betas: tuple[float, float] = setting("decay of the two moments", default=(0.9, 0.999))
    epsilon: float = setting("added to the denominator", default=1e-8, check=above(0.0))
    weight_decay: float = setting("L2 penalty", default=0.0, check=at_least(0.0))
    clip_gradient_norm: float | None = setting(
        "largest allowed norm of this turn's gradient", default=None
    )


@frozen(kw_only=True)
class AdamW:
    """AdamW (Loshchilov and Hutter, 2019), torch.optim.AdamW."""

    kind: ClassVar[str] = "adamw"
    learning_rate: float = setting("peak learning rate", check=above(0.0))
    betas: tuple[float, float] = setting("decay of the two moments", default=(0.9, 0.999))
    epsilon: float = setting("added to the denominator", default=1e-8, check=above(0.0))
    weight_decay: float = setting("decoupled weight decay", default=0.01, check=at_least(0.0))
    clip_gradient_norm: float | None = setting(
        "largest allowed norm of this turn's gradient", default=None
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
    """The rate is multiplied by `gamma` after every step or every epoch."""

    kind: ClassVar[str] = "exponential"
    gamma: float = setting("factor", check=within(0.0, 1.0))
    every: Literal["step", "epoch"] = setting("when the factor applies", default="step")
    warmup_steps: int = setting("steps of linear warm-up", default=0, check=at_least(0))


@frozen(kw_only=True)
class MultiStep:
    """The rate is multiplied by `gamma` at each of the milestones."""

    kind: ClassVar[str] = "multi_step"
    milestones: tuple[int, ...] = setting("steps at which the rate drops", check=not_empty)
    gamma: float = setting("factor", default=0.5, check=within(0.0, 1.0))
    warmup_steps: int = setting("steps of linear warm-up", default=0, check=at_least(0))


Schedule = Constant | Cosine | Exponential | MultiStep

# ---- how long and how often ----


def _interval(value: str) -> str | None:
    if re.fullmatch(r"(epoch|step):[1-9]\d*", value):
        return None
    return "must be 'epoch:N' or 'step:N', with N at least 1"


def _moment(value: str) -> str | None:
    if re.fullmatch(r"always|(from )?(epoch|step):\d+", value):
        return None
    return "must be 'always', 'epoch:N', 'step:N', 'from epoch:N' or 'from step:N'"


@frozen(kw_only=True)
class Training:
    """How long training lasts, in what batches, and how often it looks up. A step is one update."""

    epochs: int | None = setting("passes over the training clips", default=None)
    steps: int | None = setting("optimiser steps, where epochs are not given", default=None)
    batch_size: int = setting("clips in a step, over all devices", check=at_least(1))
    num_micro_batches: int = setting(
        "parts a batch is cut into, their gradients accumulated", default=1, check=at_least(1)
    )
    precision: Literal["fp32", "bf16", "fp16"] = setting("arithmetic of the networks", default="fp32")
    compile: Literal["off", "default", "max-autotune"] = setting("torch.compile mode", default="off")
    ema_decay: float | None = setting(
        "decay of the averaged weights that are evaluated and exported", default=None
    )
    evaluate_every: str = setting("'epoch:N' or 'step:N'", default="epoch:1", check=_interval)
    checkpoint_every: str = setting(
        "how often a resumable checkpoint is written",
        default="epoch:1",
        check=_interval,
        identity=False,
    )
    keep_every: str | None = setting(
        "which checkpoints are kept for later phases besides last and best", default=None
    )
    best: str = setting("metric that picks the best checkpoint")
    best_is: Literal["lowest", "highest"] = setting("which value of it is best", default="lowest")
    log_every_steps: int = setting(
        "steps between two lines of training metrics", default=10, check=at_least(1), identity=False
    )


# ---- phases ----


@frozen(kw_only=True)
class Start:
    """Continue another recipe's checkpoint."""

    from_: str = setting("name of the recipe this one continues", key="from")
    pick: str = setting("'last', 'best' or 'step:N'", default="best")
    carry: tuple[Literal["weights", "optimizer", "schedule", "rng", "data"], ...] = setting(
        "what is taken over", default=("weights",), check=not_empty
    )


# ---- what is tolerated, believed, concluded ----


@frozen(kw_only=True)
class Guard:
    """What is not tolerated. Exactly one condition; the run stops (or warns) when it does not hold."""

    metric: str | None = setting("the metric that is watched", default=None)
    at: str = setting("when the condition must hold", default="always", check=_moment)
    below: float | None = setting("the metric must be below this", default=None)
    above: float | None = setting("the metric must be above this", default=None)
    between: tuple[float, float] | None = setting("the metric must lie in [low, high]", default=None)
    plateau_steps: int | None = setting(
        "the metric must reach a new best at least once in so many steps", default=None
    )
    gap: str | None = setting(
        "training metric that must not fall while `metric` rises for `gap_steps`", default=None
    )
    gap_steps: int | None = setting("how long such a gap is tolerated", default=None)
    alive: str | None = setting(
        "parameters (by the start of their name, or 'all') that must get a gradient", default=None
    )
    finite: str | None = setting("metric that must be a finite number", default=None)
    action: Literal["stop", "warn"] = setting("what happens", default="stop", identity=False)
    because: str = setting("printed when the guard speaks", default="", identity=False)


@frozen(kw_only=True)
class Expectation:
    """What is believed of a metric: met or missed, reported, never enforced."""

    metric: str = setting("the metric")
    epochs: tuple[int, ...] | None = setting("after which epochs", default=None)
    steps: tuple[int, ...] | None = setting("or after which steps", default=None)
    low: tuple[float, ...] | None = setting("lower ends, one for each point", default=None)
    high: tuple[float, ...] | None = setting("upper ends, one for each point", default=None)
    because: str = setting("who believes it and why", default="")


@frozen(kw_only=True)
class Verdict:
    """What to do with the result: n cuts of a metric make n + 1 rows, without hole or overlap."""

    metric: str = setting("the metric")
    cuts: tuple[float, ...] = setting("ascending limits", check=not_empty)
    keep: tuple[str, ...] = setting("the recipe whose result is kept, for each row")
    say: tuple[str, ...] = setting("the verdict in words, for each row")


@frozen(kw_only=True)
class Samples:
    """What is made for looking and listening. Never changes what is learned."""

    num_clips: int = setting("evaluation clips that become samples", default=4, check=at_least(0))


# ---- the recipe ----


@frozen(kw_only=True)
class Recipe:
    """A whole recipe. Each system subclasses it and types `dataset`, `model` and `losses`."""

    turns: ClassVar[tuple[str, ...]] = ()
    metrics: ClassVar[Mapping[str, str]] = {}
    """Every metric the system produces, with what it is (unit included)."""

    schema: int = setting("version of the recipe grammar; 1")
    name: str = setting("the recipe's name: its file, stage and model folder")
    system: str = setting("model family")
    summary: str = setting("one sentence", identity=False)
    upstream: str | None = setting("the published setup it follows", default=None, identity=False)
    dataset: Any = setting("which audio, cut how")
    model: Any = setting("the networks")
    losses: Any = setting("the weight of each loss term")
    optimizer: dict[str, Optimizer] = setting("one table for each turn")
    schedule: dict[str, Schedule] = setting("one table for each turn", default={})
    training: Training = setting("how long, how often")
    start: Start | None = setting("the phase that is continued", default=None)
    guard: dict[str, Guard] = setting("named guards", default={}, identity=False)
    expect: dict[str, Expectation] = setting("named expectations", default={}, identity=False)
    verdict: Verdict | None = setting("the conclusion", default=None, identity=False)
    samples: Samples = setting("what is made for listening", default=Samples(), identity=False)

    def cross_checks(self) -> Iterable[tuple[str, str]]:
        """Faults that concern several keys at once: (key path, what is wrong). Systems extend it."""
        return ()
