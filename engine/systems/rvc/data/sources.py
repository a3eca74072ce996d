"""The clips that are converted, of untrained speakers, with their features."""

from collections.abc import Sequence

import numpy as np
from attrs import evolve, frozen

from engine.system_support.corpus_system import SplitCorpus
from engine.systems.rvc.conversions import Conversion, choose_conversions
from engine.systems.rvc.data.assemble import assemble, slices_at
from engine.systems.rvc.data.cached_features import CachedFeatures
from engine.systems.rvc.data.clips import VoiceClips
from engine.systems.rvc.data.sliced_clips import SlicedClips
from engine.systems.rvc.data.voices import Voices
from engine.systems.rvc.recipe import RvcRecipe


@frozen(eq=False)
class Sources:
    """Clips that are converted."""

    clips: VoiceClips
    """Whole clips, by row. The numbers of their speakers have no meaning."""
    conversions: Sequence[Conversion]
    notes: Sequence[str]
    """Sentences for the report."""


def load_sources(
    recipe: RvcRecipe, made: CachedFeatures, data: SplitCorpus, voices: Voices
) -> Sources:
    """The clips that the recipe converts; empty where the corpus has only one speaker."""
    chosen = choose_conversions(
        made.corpus.manifest.clips,
        [one.row for one in voices.left_out],
        data.rows.tolist(),
        data.rows[data.split.evaluation].tolist(),
        voices.names,
        recipe.conversion.num_clips,
    )
    rows = np.unique(np.array([one.source for one in chosen], np.int64))
    sliced = made.sliced(rows)
    usable = _usable(sliced, len(rows), recipe.has_pitch)
    kept = rows[usable]
    clips = assemble(
        made,
        evolve(data, rows=kept),
        slices_at(sliced, usable),
        np.zeros(len(kept), np.int64),
        recipe.dataset,
    )
    conversions = [one for one in chosen if one.source in set(kept.tolist())]
    return Sources(clips, conversions, _notes(recipe, len(chosen), len(conversions)))


def _usable(sliced: SlicedClips, num_clips: int, has_pitch: bool) -> np.ndarray:
    """Places of the clips that have a slice, and where pitch counts a voiced frame."""
    usable = np.zeros(num_clips, bool)
    for clip, hertz in zip(sliced.slices["clip"].tolist(), sliced.pitch, strict=True):
        usable[clip] |= not has_pitch or bool(hertz.any())
    return np.flatnonzero(usable)


def _notes(recipe: RvcRecipe, num_chosen: int, num_kept: int) -> list[str]:
    if recipe.conversion.num_clips == 0:
        return []
    if not num_chosen:
        return [
            "Nothing is converted: the corpus has only one speaker. Add clips of others, and name "
            "the voice to be learned in dataset.speakers."
        ]
    lost = num_chosen - num_kept
    return [f"Clips to convert that are silent or have no voice: {lost}."] if lost else []
