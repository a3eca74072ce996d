"""Training clips that sound like an evaluation clip, although their samples differ."""

import numpy as np
from attrs import frozen

from engine.evaluation.sound.landmarks import Fingerprints
from engine.evaluation.sound.near_duplicates import near_duplicates
from engine.split.columns import UNKNOWN, SplitColumns

_WHOLE, _AGREEMENT = 0.9, 0.985
"""Two clips are one recording where so many of the landmarks of both agree in so many bits: of the
built-in corpora's 5,200 pairs of alike sentences of synthetic voices, none."""


@frozen(eq=False)
class Alike:
    """Rows of clips that sound like an evaluation clip, each ascending."""

    copies: np.ndarray
    """Clips that are the same recording, whatever the transcript, or alike with no other one."""
    others: np.ndarray
    """Alike, with another transcript: the two have words in common that a synthetic voice speaks
    alike each time, or that were cut from one recording."""
    copied: np.ndarray
    """Evaluation clips of which the same recording is there again, at another level or encoding."""


def sounding_alike(columns: SplitColumns, rows: np.ndarray, evaluation: np.ndarray) -> Alike:
    """Which of the rows sound like an evaluation clip."""
    known = columns.fingerprints
    if known is None:
        return Alike(rows[:0], rows[:0], rows[:0])
    pairs = near_duplicates(known.of(evaluation), known.landmarks)
    places = known.places_of(pairs["other"])
    among = np.isin(places, rows)
    other, clip = places[among], evaluation[pairs["clip"][among]]
    texts = columns.sentences
    has_its_text = texts[other] == texts[clip]
    has_its_text |= (texts[other] == UNKNOWN) | (texts[clip] == UNKNOWN)
    is_recording = _are_one_recording(known, pairs[among], clip)
    copies = np.unique(other[has_its_text | is_recording])
    return Alike(copies, np.setdiff1d(other, copies), np.unique(clip[is_recording]))


def _are_one_recording(known: Fingerprints, pairs: np.ndarray, clips: np.ndarray) -> np.ndarray:
    counts = np.bincount(known.landmarks["clip"], minlength=int(known.rows.max(initial=0)) + 1)
    longer = np.maximum(counts[known.rows[clips]], counts[pairs["other"]])
    whole: np.ndarray = pairs["found"] >= _WHOLE * longer
    return whole & (pairs["agreement"] >= _AGREEMENT)
