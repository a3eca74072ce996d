"""Sentences on the references of the clips of a set."""

import numpy as np

from engine.systems.codec_lm.data.dataset import CloningClips


def reference_notes(*sets: CloningClips) -> list[str]:
    """How many references clips have, and how many pairs of a speaker's clips do not fit."""
    counts = np.concatenate([clips.references.counts for clips in sets])
    others = np.concatenate([clips.candidates.num_others for clips in sets])
    long = sum(int((~clips.candidates.are_short).sum()) for clips in sets)
    fewest, most = f"{counts.min():,}", f"{counts.max():,}"
    span = most if fewest == most else f"{fewest} to {most} ({counts.mean():.1f} on average)"
    notes = [f"Each clip has {span} references, other clips of its speaker."]
    if not_drawn := int((others - counts).sum()):
        notes.append(
            f"Of {others.sum():,} pairs of a clip and a reference {not_drawn:,} are not drawn: the "
            f"reference is too long for the clip, or for dataset.max_reference_seconds ({long:,} "
            "clips)."
        )
    return notes
