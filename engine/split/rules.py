"""How clips are held out: by official lists, by chance, or by hashes of voices and recordings.

Each rule gives a mask over the clips, and words.
"""

import numpy as np

from engine.split.columns import UNKNOWN, SplitColumns, place


def near(group: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Which clips have a speaker, or a recording (their `group`), of those in `rows`."""
    near: np.ndarray = np.isin(group, np.setdiff1d(group[rows], [UNKNOWN]))
    return near


def by_lists(columns: SplitColumns) -> tuple[np.ndarray, str]:
    """Which clips the official lists let be learned from; words where a few are on no list.

    Such a clip may be, unless its voice or its recording is on another list than training.
    """
    unlisted = columns.listed == ""
    kept = np.flatnonzero(np.isin(columns.listed, ["eval", "test"]))
    barred = unlisted & (near(columns.speakers, kept) | near(columns.places, kept))
    learned = unlisted & ~barred
    how = ""
    if unlisted.any() and not unlisted.all():
        how = f"; of the {unlisted.sum()} clips on no list {learned.sum()} are learned from"
    if barred.any():
        how += ", the others share a voice or recording with evaluation or test"
    return (columns.listed == "train") | learned, how


def at_random(columns: SplitColumns, eval_share: float, seed: int) -> tuple[np.ndarray, str]:
    """Hold out a share of the recordings, drawn by `seed`, and say so."""
    everything = np.ones(len(columns), bool)
    _, first, recording = np.unique(
        _units(columns, everything), return_index=True, return_inverse=True
    )
    in_manifest_order = np.argsort(np.argsort(first))[recording]
    order = np.random.default_rng(seed).permutation(len(first))
    held_out = np.isin(in_manifest_order, order[: round(eval_share * len(first))])
    return held_out, (
        f"{eval_share:.0%} of the recordings, drawn at random with seed {seed}; another seed draws "
        "another evaluation set, whose figures cannot be compared with these"
    )


def by_hash(columns: SplitColumns, among: np.ndarray, eval_share: float) -> tuple[np.ndarray, str]:
    """Hold out a share of some clips, by speaker where it is known, else by recording; say so."""
    unknown = among & (columns.speakers == UNKNOWN)
    units = _units(columns, among)
    held_out = unknown & _lowest(units, unknown, eval_share)
    known = np.setdiff1d(columns.speakers[among], [UNKNOWN])
    if not len(known):
        return held_out, f"recording, about {eval_share:.0%} held out by SHA-1 of their paths"
    names = np.array([place(name) for name in columns.names])
    voices = np.zeros(len(names), bool)
    voices[known] = True
    voices &= _lowest(names, voices, eval_share)
    held_out |= among & np.isin(columns.speakers, np.flatnonzero(voices))
    how = f"speaker, {voices.sum()} of {len(known)} held out by SHA-1 of their names"
    if unknown.any():
        how += f"; clips without a speaker, each recording taken as one of its own: {unknown.sum()}"
    return held_out, how


def by_text(columns: SplitColumns, eval_share: float) -> tuple[np.ndarray, str]:
    """Hold out a share of the sentences, in whichever voices they are spoken; say so."""
    unknown = columns.sentences == UNKNOWN
    everything = np.ones(len(columns), bool)
    units = np.where(unknown, _units(columns, everything), columns.sentences)
    held_out = _lowest(units, everything, eval_share)
    how = f"transcript, about {eval_share:.0%} held out by SHA-1 of their words"
    if unknown.any():
        how += f"; clips without one, held out by recording: {unknown.sum()}"
    return held_out, how


def _units(columns: SplitColumns, among: np.ndarray) -> np.ndarray:
    """The units that are held out whole: recordings, or the clips of the only recording."""
    alone = len(np.unique(columns.places[among])) < 2
    return columns.turns if alone else columns.places


def _lowest(places: np.ndarray, among: np.ndarray, share: float) -> np.ndarray:
    """Which lie in the lowest `share`; at least one of several places `among` all, if few do."""
    there = np.unique(places[among])
    if len(there) < 2:
        return np.zeros(len(places), bool)
    below: np.ndarray = places < max(share, np.nextafter(there[0], 1.0))
    return below
