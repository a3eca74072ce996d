"""The tables of a whole recipe. Systems add `dataset`, `model` and `losses`."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, ClassVar

from attrs import frozen

from engine.recipe.fields import setting
from engine.recipe.judged import GROUP, judged_by
from engine.recipe.judgement import Expectation, Guard, Samples, Verdict, same_guards
from engine.recipe.naming import recipe_name, run_name
from engine.recipe.optimizers import Optimizer, Schedule
from engine.recipe.training import SCRATCH, Direction, Start, Training

SCHEMA_VERSION = 2

# A table may have a method `cross_checks(self) -> Iterable[tuple[str, str]]`: faults that concern
# several of its keys, as (key path below the table, fault in words). It runs where each is valid.


def _version(value: int) -> str | None:
    if value == SCHEMA_VERSION:
        return None
    return f"this Cantus reads schema {SCHEMA_VERSION}, not {value} (see `cantus schema`)"


def _slashes(name: str) -> list[int]:
    return [place for place, char in enumerate(name) if char == "/"]


@frozen
class Plot:
    """A curve that DVC plots for each run from one of its tables in plots/<recipe>/."""

    table: str
    """The file's name without .csv: train, eval, or the unit of numbered metrics."""
    x: str
    y: str
    title: str = ""
    """Title of the plot of all recipes of the system side by side; empty: no such plot."""


@frozen(kw_only=True)
class Recipe:
    """A whole recipe. Each system subclasses it and types `dataset`, `model` and `losses`."""

    version: ClassVar[int] = 1
    """Increased when the system's code would train the same recipe to other results."""
    turns: ClassVar[tuple[str, ...]] = ()
    metrics: ClassVar[Mapping[str, str]] = {}
    """Every metric of the system, with its meaning and unit. No metric may be a group of others
    (`eval/mel` beside `eval/mel/low`), because metrics files are nested by name. DVC's tables show
    the first ones."""
    directions: ClassVar[Mapping[str, Direction]] = {}
    """Whether lower or higher values of a metric are better. A metric without a direction, such as
    a count or a ratio that should be 1, is never called better or worse."""
    ceilings: ClassVar[Collection[str]] = ()
    """Baselines that are upper bounds, by means that the recipe's models do not have: no verdict
    compares a model with them."""
    default_guards: ClassVar[Mapping[str, Guard]] = {}
    """Guards of all the system's recipes, by metric. A recipe's own are merged onto them key by
    key, and `action = "off"` switches one off."""
    loss_settings: ClassVar[Mapping[str, str]] = {}
    """Settings outside [losses] that define a loss, by dotted path, with their names in sentences
    on a demo's differences; empty where the value names the loss (`hinge`)."""

    shown_by: ClassVar[tuple[str, ...]] = ("samples", "pictures", "export")
    """Modules beside the recipe class that only show or export results: they do not count as code
    of the run."""

    loss_metric: ClassVar[str] = ""
    """The evaluation's loss, with which judges are compared; empty where the system's clips are not
    judged."""

    reference_parts: ClassVar[tuple[str, ...]] = ("original",)
    """Parts of a sample's clip that are reference recordings for the other parts."""
    plots: ClassVar[tuple[Plot, ...]] = ()
    """Curves that DVC plots besides train/loss and the metric that picks the best."""

    schema: int = setting(f"version of the recipe grammar: {SCHEMA_VERSION}", check=_version)
    name: str = setting(
        "the recipe's name: that of its file, its stage and its model folder; may be left out",
        check=run_name,
    )
    system: str = setting("model family")
    summary: str = setting("one sentence", identity=False)
    upstream: str | None = setting(
        "the published setup that the recipe follows: the name of a file in upstream/",
        default=None,
        identity=False,
        check=recipe_name,
    )
    dataset: Any = setting("corpus and clips")
    model: Any = setting("the networks")
    losses: Any = setting("the weight of each loss term")
    optimizer: dict[str, Optimizer] = setting("one table for each turn", names="turn")
    schedule: dict[str, Schedule] = setting(
        "one table for each turn; default: a constant rate", default={}, names="turn"
    )
    training: Training = setting("length, batches, evaluations and checkpoints")
    start: Start | None = setting("the phase that is continued", default=None)
    guard: dict[str, tuple[Guard, ...]] = setting(
        "guards by their metric", default={}, identity=False, names="metric"
    )
    expect: dict[str, Expectation] = setting(
        "expectations by their metric", default={}, identity=False, names="metric"
    )
    verdict: Verdict | None = setting("meaning of the result", default=None, identity=False)
    samples: Samples = setting("samples to listen to", default=Samples(), identity=False)

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
        unknown = sorted(cls.directions.keys() - cls.metrics.keys())
        assert not unknown, f"{cls.__name__}: no such metric with a direction: {unknown}"

    def has_default_guard(self, metric: str) -> bool:
        """Whether a metric's guard is the system's own, as it is in every recipe."""
        default = self.default_guards.get(metric)
        return default is not None and self.guard.get(metric) == (default,)

    @property
    def published_weights(self) -> tuple[str, ...]:
        """Files of published weights that the recipe starts from, by their paths in the project.

        The file of `start.weights` comes first.
        """
        start = self.start
        return () if start is None or start.weights is None else (start.weights,)

    @property
    def evaluation_parent(self) -> str | None:
        """The recipe whose evaluation clips this one inherits; None where it inherits none."""
        start = self.start
        return start.from_ if start is not None and start.evaluation == "inherited" else None

    @property
    def models_read(self) -> tuple[str, ...]:
        """Recipes whose exported models this recipe reads, besides the phase that it continues."""
        return ()

    @property
    def judges(self) -> tuple[str, ...]:
        """Judges that score clips at every evaluation."""
        return ()

    @property
    def judged_metrics(self) -> Mapping[str, Direction]:
        """Judges' metrics with a direction, those of the first judge first."""
        known = self.directions
        return {metric: known[metric] for metric in judged_by(self.judges) if metric in known}

    def named_metrics(self) -> Iterable[tuple[str, str]]:
        """The metrics that the recipe relies on: key path and metric."""
        yield "training.best", self.training.best
        chosen = {metric for metric in self.guard if not self.has_default_guard(metric)}
        yield from ((f"guard.{metric}", metric) for metric in chosen)
        yield from ((f"expect.{metric}", metric) for metric in self.expect)
        if self.verdict is not None:
            yield "verdict.metric", self.verdict.metric

    def cross_checks(self) -> Iterable[tuple[str, str]]:
        """Faults of several keys at once: (key path, fault in words). Systems extend it."""
        best_is = self.directions.get(self.training.best, self.training.best_is)
        if best_is != self.training.best_is:
            yield "training.best_is", f"must be '{best_is}' for {self.training.best}"
        if self.name == SCRATCH:
            yield (
                "name",
                f"a recipe cannot be named '{SCRATCH}', which means no recipe in start.from",
            )
        if self.start is not None and self.start.from_ == self.name:
            yield "start.from", "a recipe cannot continue itself"
        if self.name in self.models_read:
            yield "name", "a recipe cannot read its own model"
        yield from same_guards(self.guard)
        yield from self._of_judges()

    def _of_judges(self) -> Iterable[tuple[str, str]]:
        """Faults: judged metrics that no judge gives, or that have no direction."""
        judged = judged_by(self.judges)
        for path, metric in self.named_metrics():
            if metric.startswith(f"eval/{GROUP}/") and metric not in judged:
                yield path, f"'{metric}' is not a metric of the recipe's judges"
        if self.training.best in judged and self.training.best not in self.directions:
            yield (
                "training.best",
                f"{self.training.best} has no better direction; choose another metric",
            )
