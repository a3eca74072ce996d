"""Says where evaluation clips sound like clips that an ancestor was trained on."""

from collections.abc import Iterator, Sequence

import numpy as np

from engine.evaluation.lineage import Ancestors
from engine.evaluation.sound.landmarks import Fingerprints
from engine.evaluation.sound.near_duplicates import near_duplicates

_SHOWN = 3


def remarks_on_sound(
    ids: Sequence[str], clips: Fingerprints | None, ancestors: Ancestors
) -> Iterator[str]:
    """A sentence for each ancestor whose training sounds like evaluation, or is not known.

    No refusal: two takes of a word by one voice may sound alike, and a synthetic voice repeats
    itself. Identical samples are refused by preflight. Inherited evaluation clips need no remark:
    the split of the recipe that chose them compared them, by their transcripts as well.
    """
    if clips is None:
        return
    own = clips.of(np.arange(len(clips.rows)))
    for name, trained in ancestors.items():
        if trained.fingerprints is None:
            yield (
                f"{name} was trained before fingerprints existed: whether it was trained on "
                "evaluation clips that were encoded again is not known. Train it again to know."
            )
            continue
        rows = np.unique(near_duplicates(own, trained.fingerprints.landmarks)["clip"])
        if len(rows):
            first = ", ".join(ids[row] for row in rows[:_SHOWN].tolist())
            yield (
                f"{len(rows)} of the {len(clips.rows)} evaluation clips sound like clips that "
                f"{name} was trained on (first: {first}). Where these are the same recordings, "
                "encoded again, cut or sped up, the figures of these clips are memory."
            )
