"""Two recipes, each trained with several seeds: what differs by a metric, over seeds and clips.

Of recipes that were trained with one seed only their weights can be compared, and that is what
`PairedRecipes.speaks_of` says.
"""

from collections.abc import Sequence
from typing import Literal

from attrs import frozen

from engine.evaluation.two_level import two_level, why_no_two_levels
from engine.recipe.metric_names import direction_of
from engine.report.paired_runs import (
    PairedMetric,
    compare_runs,
    figures_of_clips,
    why_not_compared,
)
from engine.report.run_files import RunFiles

SpeaksOf = Literal["recipes", "weights"]


@frozen
class PairedRecipes:
    """A metric of two recipes, ours minus theirs."""

    speaks_of: SpeaksOf
    """What the interval covers: seeds and clips, or clips alone."""
    found: PairedMetric | None
    left_out: str = ""
    """Why they are not compared: a phrase."""


def compare_recipes(
    metric: str, ours: Sequence[RunFiles], theirs: Sequence[RunFiles]
) -> PairedRecipes:
    """Compare finished runs of two recipes, one for each seed, by one metric.

    The interval is over seeds and clips where both have several runs. Where one of them has a
    single run, the first run of each is compared clip by clip. Raises UserError where a file of a
    run is damaged.
    """
    assert min(len(ours), len(theirs)) > 0, "there are runs of both"
    for run in (*ours, *theirs[1:]):
        why = why_not_compared(metric, run, theirs[0])
        if why is not None:
            return PairedRecipes("weights", None, why)
    if min(len(ours), len(theirs)) < 2:
        paired = compare_runs(ours[0], theirs[0])
        return PairedRecipes(
            "weights", paired.compared.get(metric), paired.left_out.get(metric, "")
        )
    new, old = ([figures_of_clips(metric, run) for run in runs] for runs in (ours, theirs))
    why = why_no_two_levels(new, old)
    if why is not None:
        return PairedRecipes("recipes", None, why)
    direction = direction_of(metric, ours[0].recipe)
    return PairedRecipes("recipes", PairedMetric(two_level(new, old), direction))
