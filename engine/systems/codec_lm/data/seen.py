"""Held-out clips of trained speakers, to measure how well trained voices are cloned."""

import itertools
from collections import Counter

import numpy as np

from engine.systems.codec_lm.data.references import Candidates, References

_OF_A_SPEAKER = 2
"""Number of clips that are held out of each speaker: each is the other's reference."""


def seen_places(training: Candidates, num_clips: int) -> np.ndarray:
    """Places of at most `num_clips` training clips, two of a speaker, ascending.

    They are of speakers whose every clip has a reference left without them. Which they are follows
    from their audio, whatever they are called. A clip whose audio is trained on in another clip is
    not chosen, and a pair that does not fit the model's positions together is passed over.
    """
    free, times = _with_references_left(training), Counter(training.digests)
    pairs: dict[str, list[int]] = {}
    for place in sorted(range(len(training.digests)), key=training.digests.__getitem__):
        speaker = training.speakers[place]
        if speaker in free and times[training.digests[place]] == 1:
            pair = pairs.setdefault(speaker, [])
            pair += [place] if len(pair) < _OF_A_SPEAKER else []
    whole = (pair for pair in pairs.values() if _fits(training, pair))
    chosen = itertools.islice(whole, num_clips // _OF_A_SPEAKER)
    return np.array(sorted(itertools.chain(*chosen)), np.int64)


def _with_references_left(training: Candidates) -> set[str]:
    """Speakers of whose clips each has more references than are held out."""
    counts = References.among(training).counts
    few = np.flatnonzero(counts <= _OF_A_SPEAKER)
    short = {training.speakers[place] for place in few.tolist()}
    return set(training.speakers) - short


def _fits(training: Candidates, pair: list[int]) -> bool:
    """Whether each of two clips may be the other's reference."""
    counts = References.among(training.only(np.array(pair))).counts
    return len(pair) == _OF_A_SPEAKER and bool((counts > 0).all())
