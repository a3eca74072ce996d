"""The tables of training and of the phase that is continued."""

from collections.abc import Iterable
from pathlib import PurePath
from typing import Literal

from attrs import frozen

from engine.recipe.alternatives import LENGTHS, exactly_one
from engine.recipe.fields import at_least, between, matches, not_empty, setting
from engine.recipe.naming import run_name

SCRATCH = "scratch"
"""The value of start.from where nothing is continued, as in a demo of a later phase."""

interval = matches(r"(epoch|step):[1-9]\d*", "'epoch:N' or 'step:N', with N at least 1")
"""A check of an interval."""
Direction = Literal["lowest", "highest"]
"""Whether lower or higher values of a metric are better."""

_pick = matches(
    r"last|best|best_by_loss|best_by_judges|step:\d+",
    "'last', 'best', 'best_by_loss', 'best_by_judges' or 'step:N'",
)


def _parts(value: tuple[str, ...]) -> str | None:
    return not_empty(value) or (None if len(set(value)) == len(value) else "names a part twice")


@frozen(kw_only=True)
class Training:
    """Length of training, batches, and intervals. A step is one optimizer update."""

    epochs: int | None = setting("passes over the training clips", default=None, check=at_least(1))
    steps: int | None = setting(
        "optimizer steps, where epochs are not given", default=None, check=at_least(1)
    )
    batch_size: int = setting("number of clips in a step, over all devices", check=at_least(1))
    num_micro_batches: int = setting(
        "parts into which a batch is cut; their gradients are accumulated",
        default=1,
        check=at_least(1),
    )
    precision: Literal["fp32", "bf16", "fp16"] = setting(
        "precision of the networks' arithmetic", default="fp32"
    )
    compile: Literal["off", "default", "max-autotune"] = setting(
        "torch.compile mode", default="off"
    )
    ema_decay: float | None = setting(
        "decay of the averaged weights that are evaluated and exported",
        default=None,
        check=between(0.0, 1.0),
    )
    evaluate_every: str = setting("'epoch:N' or 'step:N'", default="epoch:1", check=interval)
    checkpoint_every: str = setting(
        "how often a resumable checkpoint is written",
        default="epoch:1",
        check=interval,
        identity=False,
    )
    keep_every: str | None = setting(
        "which checkpoints are kept for later phases besides last and best: 'epoch:N' or 'step:N'",
        default=None,
        check=interval,
        identity=False,
    )
    best: str = setting("metric that picks the best checkpoint", names="result")
    best_is: Direction = setting("whether its lowest or highest value is best", default="lowest")
    best_by: Literal["paired", "value"] = setting(
        "whether evaluations are compared clip by clip, by the mean of the differences and its "
        "interval, or by their values alone; metrics without a figure for each clip are compared "
        "by value",
        default="paired",
    )
    log_every_steps: int = setting(
        "steps between two logged lines of training metrics",
        default=10,
        check=at_least(1),
        identity=False,
    )

    def cross_checks(self) -> Iterable[tuple[str, str]]:
        """Faults: other than one length, or batches that cannot be cut evenly."""
        yield from exactly_one(self, LENGTHS)
        if self.batch_size % self.num_micro_batches:
            yield (
                "num_micro_batches",
                f"must divide the batch_size of {self.batch_size}, got {self.num_micro_batches}",
            )


@frozen(kw_only=True)
class Start:
    """Continue another recipe's checkpoint, or a published model's weights."""

    from_: str | None = setting(
        "name of the recipe that this one continues; 'scratch': none, also where one is inherited",
        default=None,
        key="from",
        check=run_name,
    )
    weights: str | None = setting(
        "or a file of published weights, by its path in the project; the first evaluation is of "
        "these weights, and their training clips are unknown",
        default=None,
        check=not_empty,
    )
    pick: str = setting(
        "'last', 'best' or 'step:N'; where judges score clips, 'best_by_judges', or 'best_by_loss' "
        "where a judge picks the best",
        default="best",
        check=_pick,
    )
    carry: tuple[Literal["weights", "optimizer", "schedule", "rng", "data"], ...] = setting(
        "what is carried over: weights, the optimizer's state, the position in the schedule, the "
        "random number generators, the position in the order of clips; the learning rate is "
        "always the recipe's",
        default=("weights",),
        check=_parts,
    )
    evaluation: Literal["inherited", "own"] = setting(
        "whether to evaluate on the parent's evaluation clips, or on those of this recipe's split; "
        "published weights have none, so the split is used",
        default="inherited",
    )

    @property
    def name(self) -> str:
        """The name of the continued recipe, or of the file of weights."""
        return self.from_ or PurePath(self.weights or "").name

    def cross_checks(self) -> Iterable[tuple[str, str]]:
        """Faults: not exactly one of from and weights, or keys that a file of weights lacks."""
        if (self.from_ is None) == (self.weights is None):
            yield "", "give exactly one of from, weights"
        if self.weights is not None and self.carry != ("weights",):
            yield "carry", "a file of weights holds only weights; remove this key"
        if self.weights is not None and self.pick != "best":
            yield "pick", "a file of weights holds one model; remove this key"
