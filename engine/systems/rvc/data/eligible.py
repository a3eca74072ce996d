"""Which clips can be used: those with a slice, and with a voice where pitch counts."""

from collections import Counter

import numpy as np

from engine.corpus import Corpus
from engine.system_support.left_out import LeftOut
from engine.systems.rvc.data.left_out import Reason
from engine.systems.rvc.data.sliced_clips import SlicedClips
from engine.systems.rvc.data.voices import Voices


def eligible_places(
    corpus: Corpus, voices: Voices, sliced: SlicedClips, has_pitch: bool
) -> tuple[np.ndarray, list[LeftOut[Reason]]]:
    """Places among the voices' clips that can be used, and every clip that cannot, by row.

    `sliced` is of all clips of the voices.
    """
    left_out = [*voices.left_out]
    num_slices = np.bincount(sliced.slices["clip"], minlength=len(voices.rows))
    voiced = np.zeros(len(voices.rows), bool)
    for place, hertz in zip(sliced.slices["clip"].tolist(), sliced.pitch, strict=True):
        voiced[place] |= bool(hertz.any())
    why: dict[int, tuple[Reason, str]] = {
        one.clip: (one.reason, one.found) for one in sliced.dropped if not num_slices[one.clip]
    }
    # No cut of a silence holds a loud frame: a clip that is not silent has a part.
    for place in np.flatnonzero(num_slices == 0).tolist():
        clip = corpus.manifest.clips[voices.rows[place]].id
        assert place in why, f"clip {clip} was neither cut into slices nor dropped"
    if has_pitch:
        unvoiced = np.flatnonzero((num_slices > 0) & ~voiced)
        why |= dict.fromkeys(unvoiced.tolist(), ("no voiced frame", ""))
    for place, reason in why.items():
        row = voices.rows[place]
        left_out.append(LeftOut(row, corpus.manifest.clips[row].id, *reason))
    usable = np.setdiff1d(np.arange(len(voices.rows)), [*why])
    return usable, sorted(left_out, key=lambda one: one.row)


def notes_of_parts(sliced: SlicedClips, usable: np.ndarray) -> list[str]:
    """A sentence on parts of used clips that are not used, for each reason."""
    used = set(usable.tolist())
    counts = Counter(one.reason for one in sliced.dropped if one.clip in used)
    return [f"Parts of used clips left out, {reason}: {n}." for reason, n in counts.items()]
