"""Clips of training speakers that are not trained on: how well known voices are cloned."""

import itertools

import numpy as np

from engine.evaluation.audio import rows_sharing_audio
from engine.evaluation.digests import keys
from engine.systems.codec_lm.data.dataset import CloningClips

_OF_A_SPEAKER = 2
"""Clips that are held out of each: one is the other's reference."""


def seen_places(training: CloningClips, num_clips: int) -> np.ndarray:
    """Places of at most `num_clips` clips of a training set, two of a speaker, ascending.

    They are of speakers whose every clip has references left without them. Which they are follows
    from their audio. A pair that does not fit the model's positions together is passed over, and
    so is one whose audio is trained on in another clip.
    """
    free = _with_references_left(training)
    order = sorted(range(len(training)), key=keys(training.digests).__getitem__)
    pairs: dict[str, list[int]] = {}
    for place in order:
        speaker = training.speakers[place]
        if speaker in free and len(pairs.setdefault(speaker, [])) < _OF_A_SPEAKER:
            pairs[speaker].append(place)
    chosen = list(pairs.values())[: num_clips // _OF_A_SPEAKER]
    held_out = np.array(sorted(itertools.chain(*chosen)), np.int64)
    shared = _also_trained_on(training, held_out)
    sound = [pair for pair in chosen if shared.isdisjoint(pair) and _fits(training, pair)]
    return np.array(sorted(itertools.chain(*sound)), np.int64)


def _with_references_left(training: CloningClips) -> set[str]:
    """Speakers of whose clips each has more references than are held out."""
    counts = training.references.counts
    short = {training.speakers[place] for place in np.flatnonzero(counts <= _OF_A_SPEAKER)}
    return set(training.speakers) - short


def _also_trained_on(training: CloningClips, held_out: np.ndarray) -> set[int]:
    """Places of those held out whose audio is in another clip too."""
    others = training.only(np.setdiff1d(np.arange(len(training)), held_out))
    rows = rows_sharing_audio(training.only(held_out), others)
    return set(held_out[rows].tolist())


def _fits(training: CloningClips, pair: list[int]) -> bool:
    clips = training.only(np.array(pair))
    return bool((clips.references.counts > 0).all())
