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
# several of its keys, as (key path below the table, what is wrong). It runs where each is sound.


def _version(value: int) -> str | None:
    if value == SCHEMA_VERSION:
        return None
    return f"this Cantus reads schema {SCHEMA_VERSION}, not {value} (see `cantus schema`)"


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
    others (`eval/mel` beside `eval/mel/low`): metrics files are nested by these names. The first of
    them are what DVC's tables show."""
    directions: ClassVar[Mapping[str, Direction]] = {}
    """Which value of each metric is the better one. A metric that is only looked at, such as a
    count or a ratio that should be 1, has none: no comparison calls it better or worse."""
    ceilings: ClassVar[Collection[str]] = ()
    """Baselines that show what can be reached, by means that the recipe's models do not have: no
    verdict calls a model worse for being worse than one of them."""
    default_guards: ClassVar[Mapping[str, Guard]] = {}
    """Guards of all the system's recipes, by metric. A recipe's own are laid over them key by key,
    and `action = "off"` switches one off."""
    loss_settings: ClassVar[Mapping[str, str]] = {}
    """Settings outside [losses] that decide what a loss is, by dotted path, and what to call them
    where a demo has others than its recipe; empty where the value says it (`hinge`)."""

    shown_by: ClassVar[tuple[str, ...]] = ("samples", "pictures", "export")
    """Modules beside the recipe class that show or export results and change none: an edit of them
    is no edit of the code that counts."""

    loss_metric: ClassVar[str] = ""
    """The metric of the evaluation that training lowers, which judges are held against; empty where
    the system's clips are not judged."""

    reference_parts: ClassVar[tuple[str, ...]] = ("original",)
    """Parts of a sample's clip that are recordings of what the others should sound like."""
    plots: ClassVar[tuple[Plot, ...]] = ()
    """The curves that DVC draws besides train/loss and the metric that picks the best."""

    schema: int = setting(f"version of the recipe grammar: {SCHEMA_VERSION}", check=_version)
    name: str = setting(
        "the recipe's name: that of its file, and so its stage and model folder; need not be given",
        check=run_name,
    )
    system: str = setting("model family")
    summary: str = setting("one sentence", identity=False)
    upstream: str | None = setting(
        "the published setup it follows: the name of a file in upstream/",
        default=None,
        identity=False,
        check=recipe_name,
    )
    dataset: Any = setting("which audio, cut how")
    model: Any = setting("the networks")
    losses: Any = setting("the weight of each loss term")
    optimizer: dict[str, Optimizer] = setting("one table for each turn", names="turn")
    schedule: dict[str, Schedule] = setting(
        "one table for each turn; constant where there is none", default={}, names="turn"
    )
    training: Training = setting("how long, how often")
    start: Start | None = setting("the phase that is continued", default=None)
    guard: dict[str, tuple[Guard, ...]] = setting(
        "guards by their metric", default={}, identity=False, names="metric"
    )
    expect: dict[str, Expectation] = setting(
        "expectations by their metric", default={}, identity=False, names="metric"
    )
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
        unknown = sorted(cls.directions.keys() - cls.metrics.keys())
        assert not unknown, f"{cls.__name__}: no such metric with a direction: {unknown}"

    def has_default_guard(self, metric: str) -> bool:
        """Whether a metric's guard is the system's own, as it is in every recipe."""
        default = self.default_guards.get(metric)
        return default is not None and self.guard.get(metric) == (default,)

    @property
    def published_weights(self) -> tuple[str, ...]:
        """Files of published weights that it starts from, by their paths in the project.

        That of `start.weights` comes first.
        """
        start = self.start
        return () if start is None or start.weights is None else (start.weights,)

    @property
    def models_read(self) -> tuple[str, ...]:
        """Recipes whose exported models it reads, besides the phase that it continues."""
        return ()

    @property
    def judges(self) -> tuple[str, ...]:
        """Those that score clips at every evaluation."""
        return ()

    @property
    def judged_metrics(self) -> Mapping[str, Direction]:
        """Their metrics of which a value is the better one, those of the first judge first."""
        known = self.directions
        return {metric: known[metric] for metric in judged_by(self.judges) if metric in known}

    def named_metrics(self) -> Iterable[tuple[str, str]]:
        """Where the recipe relies on which metric: key path and metric."""
        yield "training.best", self.training.best
        chosen = {metric for metric in self.guard if not self.has_default_guard(metric)}
        yield from ((f"guard.{metric}", metric) for metric in chosen)
        yield from ((f"expect.{metric}", metric) for metric in self.expect)
        if self.verdict is not None:
            yield "verdict.metric", self.verdict.metric

    def cross_checks(self) -> Iterable[tuple[str, str]]:
        """Faults of several keys at once: (key path, what is wrong). Systems extend it."""
        best_is = self.directions.get(self.training.best, self.training.best_is)
        if best_is != self.training.best_is:
            yield "training.best_is", f"of {self.training.best} the {best_is} is best"
        if self.name == SCRATCH:
            yield "name", f"a recipe cannot be called '{SCRATCH}': start.from says so of no recipe"
        if self.start is not None and self.start.from_ == self.name:
            yield "start.from", "a recipe cannot continue itself"
        if self.name in self.models_read:
            yield "name", "a recipe cannot read its own model"
        yield from same_guards(self.guard)
        yield from self._of_judges()

    def _of_judges(self) -> Iterable[tuple[str, str]]:
        """What is relied on is judged, and says what is better."""
        judged = judged_by(self.judges)
        for path, metric in self.named_metrics():
            if metric.startswith(f"eval/{GROUP}/") and metric not in judged:
                yield path, f"'{metric}': none of the recipe's judges gives it"
        if self.training.best in judged and self.training.best not in self.directions:
            yield "training.best", f"no value of {self.training.best} is better by itself"
