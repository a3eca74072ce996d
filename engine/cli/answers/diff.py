"""`cantus.diff/1`: which of two recipes is better, and how they differ."""

from typing import Any, Literal

from attrs import frozen

from engine.cli.answers.answer import Answer
from engine.cli.answers.comparison import Comparison


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
    demo_settings: str | None
    """How the losses of a demo differ from its recipe's, in words."""


@frozen(kw_only=True)
class ChangedValue:
    """A value that differs."""

    key: str
    """Its key, with dots between tables."""
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
    decided_by: str | None
    """The metric that decides which is better; null where there are not two models."""
    sentences: tuple[str, ...]
    """What may be said of which is better, for people."""
    use_instead: tuple[str, ...]
    """Untrained baselines that are better than both."""
    values: tuple[ChangedValue, ...]
    """Every value that differs."""
    comparisons: tuple[Comparison, ...]
    """Every metric of both models: compared, or why not. The deciding one first."""
    figures: tuple[FigurePair, ...]
    """Every figure of either metrics file, and the results of listening tests."""
    missing: str | None
    """What is not trained, and what trains it; null where nothing is missing."""
