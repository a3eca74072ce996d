"""How many clips a recipe trains on and holds out, by the split that training makes."""

from collections.abc import Sequence

import numpy as np

from engine.corpus import Corpus
from engine.corpus.table.manifest import Clip
from engine.corpus.table.rows import Rows
from engine.evaluation.sound.landmarks import Fingerprints
from engine.recipe.schema import Recipe
from engine.split.columns import UNKNOWN, columns_of
from engine.split.split_clips import split_clips
from engine.system_support.discovery import part_of
from engine.system_support.preset import Sets

_ANY_SEED = 0
"""The seed draws other clips under split = 'random', and as many."""


def sets_in(recipe: Recipe, corpus: Corpus) -> Sets | None:
    """Split the clips of a corpus that a recipe can use.

    None as `sets_of`, and where its system does not say which clips it can use.
    """
    module, clips = part_of(type(recipe), "preset"), corpus.manifest.clips
    if module is None:
        return None
    assert isinstance(clips, Rows), "an ingested corpus has its manifest on disk"
    usable = [row for row, clip in enumerate(clips) if module.why_unusable(recipe, clip) is None]
    return sets_of(recipe, clips.only(usable), corpus.fingerprints(np.array(usable, np.int64)))


def too_few(recipe: Recipe, corpus: Corpus) -> Sets | None:
    """The sets, if the clips for training are fewer than a batch; else None."""
    sets = sets_in(recipe, corpus)
    of_clips = getattr(part_of(type(recipe), "preset"), "BATCH_OF_CLIPS", True)
    return sets if of_clips and sets and sets.training < recipe.training.batch_size else None


def sets_of(
    recipe: Recipe, clips: Sequence[Clip], fingerprints: Fingerprints | None = None
) -> Sets | None:
    """Split the clips that a recipe can use as training does.

    None where the evaluation set is pinned or inherited. Raises UserError where a set is empty.
    """
    rule = recipe.dataset
    if rule.evaluation is not None or recipe.evaluation_parent is not None:
        return None
    columns = columns_of(clips, fingerprints)
    split = split_clips(columns, rule, _ANY_SEED)
    voices = len(np.setdiff1d(columns.speakers, [UNKNOWN]))
    trained = len(np.setdiff1d(columns.speakers[split.train], [UNKNOWN]))
    return Sets(
        training=len(split.train),
        evaluation=len(split.evaluation),
        voices_held_out=voices - trained,
    )
