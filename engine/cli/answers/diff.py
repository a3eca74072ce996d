"""`cantus.diff/1`: which of two recipes is better, and how they differ."""

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

from attrs import frozen

from engine.cli.answers.answer import Answer
from engine.cli.answers.comparison import Comparison, left_out, of_metric
from engine.cli.compare_metrics import Figures, pairs
from engine.recipe import Change
from engine.recipe.faults import shown
from engine.report.paired_runs import PairedRuns
from engine.report.paired_words import UNMEASURED


@frozen(kw_only=True)
class Side:
    """One of the two that are compared: A is the left one, B the right one."""

    title: str
    """The words above its column."""
    recipe: str
    """Name of the recipe."""
    file: str
    """The file of its values."""
    model: str | None
    """The folder of its finished model; null where there is none."""
    evaluation_set: str | None
    """Digest of its evaluation clips; null where unknown."""
    has_other_values: bool
    """Whether its model was trained with other values than the recipe has now."""
    num_seeds: int
    """Seeds of its model's recipe that finished and are compared; 1 is the model alone, 0 none."""
    num_stopped: int
    """Seeds of its model's recipe that guards stopped."""
    demo_settings: str | None
    """How the losses of a demo differ from its recipe's, in words."""


@frozen(kw_only=True)
class ChangedValue:
    """A value that differs."""

    key: str
    """The key, with dots between tables."""
    left: Any
    """The value of A; null where A has none."""
    right: Any
    """The value of B; null where B has none."""
    affects_training: bool
    """Whether it affects training."""


@frozen(kw_only=True)
class FigurePair:
    """A metric of both."""

    metric: str
    """Name of the metric, with dots between groups."""
    left: float | None
    """The value of A; null where unknown."""
    right: float | None
    """The value of B; null where unknown."""
    difference: float | None
    """B minus A, of the values; null where they cannot be compared."""
    why_no_difference: str | None
    """Why there is no difference: a phrase."""


@frozen(kw_only=True)
class DiffAnswer(Answer):
    """What `cantus diff --json` prints. Where nothing can be compared, the exit code is 0."""

    SCHEMA = "cantus.diff/1"

    kind: Literal["recipes", "forms", "upstream", "last"]
    """Two recipes, two forms of one recipe, a recipe and the published setup that it follows, or a
    recipe and its last finished model."""
    left: Side
    """A."""
    right: Side
    """B. Comparisons are for B: ours is B, theirs is A."""
    decided_by: str | None = None
    """The metric that decides which is better; null where there are not two models."""
    sentences: tuple[str, ...] = ()
    """What may be said of which is better, for people."""
    use_instead: tuple[str, ...] = ()
    """Untrained baselines that are better than both."""
    values: tuple[ChangedValue, ...]
    """Every value that differs."""
    comparisons: tuple[Comparison, ...] = ()
    """Every metric of both models: compared, or why not. The deciding one first, even where it is
    not compared."""
    figures: tuple[FigurePair, ...] = ()
    """Every figure of either metrics file, and the results of listening tests."""
    missing: str | None = None
    """Recipes that are not trained, and the commands that train them; null without any."""


def side_of(figures: Figures, file: Path, *, other_values: bool, demo: str | None = None) -> Side:
    """A side whose figures may be compared."""
    run = figures.run
    return Side(
        title=figures.title,
        recipe=figures.recipe,
        file=shown(file),
        model=None if run is None else shown(run.folder),
        evaluation_set=None if run is None else run.evaluation_set,
        has_other_values=other_values,
        num_seeds=0 if run is None else len(run.of_seeds),
        num_stopped=0 if run is None else run.num_stopped,
        demo_settings=demo,
    )


def side_without_figures(title: str, recipe: str, file: Path) -> Side:
    """A side of which only the values are compared."""
    nothing = Figures(recipe=recipe, file=file, title=title)
    return side_of(nothing, file, other_values=False)


def changed(changes: Iterable[Change], trained: Collection[str]) -> tuple[ChangedValue, ...]:
    """Values that differ; `trained` are the keys of those that affect training."""
    return tuple(
        ChangedValue(
            key=one.path, left=one.left, right=one.right, affects_training=one.path in trained
        )
        for one in changes
    )


def comparisons(paired: PairedRuns | None, decided_by: str) -> Iterator[Comparison]:
    """Every metric of two models, compared or not; first the one that decides."""
    if paired is None:
        return
    names = paired.ours, paired.theirs
    for metric in dict.fromkeys([decided_by, *paired.compared, *paired.left_out]):
        if metric in paired.compared:
            yield of_metric(metric, names, paired.compared[metric])
        else:
            yield left_out(metric, names, paired.left_out.get(metric, UNMEASURED))


def figure_pairs(left: Figures, right: Figures) -> Iterator[FigurePair]:
    """Every figure of both files. Raises UserError where one is damaged."""
    for one in pairs(left, right):
        values = _number(one.left), _number(one.right)
        known = None not in values
        why = one.why_apart if known else "one of the two has no such figure"
        yield FigurePair(
            metric=one.name,
            left=values[0],
            right=values[1],
            difference=None if why or not known else one.right - one.left,
            why_no_difference=why,
        )
    for name in dict.fromkeys([*left.listened, *right.listened]):
        values = _number(left.listened.get(name)), _number(right.listened.get(name))
        yield FigurePair(
            metric=name,
            left=values[0],
            right=values[1],
            difference=None,
            why_no_difference="answers of listeners are compared by `cantus listen --results`",
        )


def _number(value: Any) -> float | None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if number else None
