"""How many clips a recipe trains on and holds out, by the split that training makes."""

from collections.abc import Sequence

import numpy as np

from engine.corpus.table.manifest import Clip
from engine.recipe.schema import Recipe
from engine.split.columns import UNKNOWN, columns_of
from engine.split.split_clips import split_clips
from engine.system_support.preset import Sets

_ANY_SEED = 0
"""The seed draws other clips under split = 'random', and as many."""


def sets_of(recipe: Recipe, clips: Sequence[Clip]) -> Sets | None:
    """Split the clips that a recipe can use as training does.

    None where the evaluation set is pinned or inherited. Raises UserError where a set is empty.
    """
    rule, start = recipe.dataset, recipe.start
    inherits = start is not None and start.from_ is not None and start.evaluation == "inherited"
    if rule.evaluation is not None or inherits:
        return None
    columns = columns_of(clips)
    split = split_clips(columns, rule, _ANY_SEED)
    voices = len(np.setdiff1d(columns.speakers, [UNKNOWN]))
    trained = len(np.setdiff1d(columns.speakers[split.train], [UNKNOWN]))
    return Sets(
        training=len(split.train),
        evaluation=len(split.evaluation),
        voices_held_out=voices - trained,
    )
