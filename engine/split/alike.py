"""Training clips that sound like an evaluation clip, although their samples differ."""

import numpy as np

from engine.evaluation.sound.near_duplicates import near_duplicates
from engine.split.columns import UNKNOWN, SplitColumns


def sounding_alike(
    columns: SplitColumns, rows: np.ndarray, evaluation: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Which of the rows sound like an evaluation clip: copies of it, and others, ascending.

    A copy has the same transcript, or one of the two has none. One recording has one transcript:
    where these differ, the two have words in common that a synthetic voice speaks alike each
    time, or that were cut from one recording.
    """
    known = columns.fingerprints
    if known is None:
        return rows[:0], rows[:0]
    pairs = near_duplicates(known.of(evaluation), known.landmarks)
    places = known.places_of(pairs["other"])
    among = np.isin(places, rows)
    other, clip = places[among], evaluation[pairs["clip"][among]]
    texts = columns.sentences
    is_copy = (texts[other] == texts[clip]) | (texts[other] == UNKNOWN) | (texts[clip] == UNKNOWN)
    copies = np.unique(other[is_copy])
    return copies, np.setdiff1d(other, copies)
