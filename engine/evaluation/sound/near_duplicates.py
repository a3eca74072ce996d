"""Which clips are recordings of the same sound, by their landmarks.

Two clips are near-duplicates where at least half of the landmarks of the shorter one are found in
the other, in the same order and at the same distances, with codes that hardly differ. The fewer
landmarks, the nearer their codes have to be. How often different clips pass for one is measured in
docs/truth/figures.md.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np

from engine.evaluation.sound.landmarks import CODE_BYTES, SPEEDS
from engine.evaluation.sound.search import near_codes

PAIR: Final = np.dtype(
    [
        ("clip", "<u4"),
        ("other", "<u4"),
        ("found", "<u4"),
        ("of", "<u4"),
        ("agreement", "<f4"),
    ]
)
"""Two clips, how many landmarks of the shorter one, of how many, and the share of equal bits."""

MOST_BITS = (0, 22, 32, 36)
"""Bits by which codes may differ on average, where 1, 2, 3 or more landmarks are found."""
LEAST_SHARE = 0.5

_WINDOW_SECONDS = 0.4
"""Landmarks whose distances from those of the other clip differ by less belong together: codecs
delay audio, and between the speeds that are tried a clip of ten seconds drifts by 0.12 s."""
_LANDMARKS_AT_ONCE = 1 << 18

_MATCH = np.dtype(
    [("clip", "<u4"), ("other", "<u4"), ("bin", "<i4"), ("row", "<i8"), ("bits", "<i8")]
)


def near_duplicates(landmarks: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Pairs, PAIR [pairs] in ascending order, of clips with some of the `others`.

    Both are tables of landmarks; those of `others` have one speed or more, of which the first
    counts.
    """
    sizes = _num_landmarks(others)
    found = [_pairs(part, others, sizes) for part in _parts(landmarks)]
    return np.concatenate([np.empty(0, PAIR), *found])


def near_duplicates_within(landmarks: np.ndarray) -> np.ndarray:
    """Pairs, PAIR [pairs], of clips of one table, each once: `clip` comes after `other`."""
    pairs = near_duplicates(landmarks, landmarks)
    first, second = pairs["other"].copy(), pairs["clip"].copy()
    pairs["other"], pairs["clip"] = np.minimum(first, second), np.maximum(first, second)
    pairs = pairs[pairs["clip"] != pairs["other"]]
    order = np.lexsort(
        [-pairs["agreement"], -pairs["found"].astype(int), pairs["other"], pairs["clip"]]
    )
    pairs = pairs[order]
    once: np.ndarray = pairs[_begins(pairs[["clip", "other"]])]
    return once


def _parts(landmarks: np.ndarray) -> Iterator[np.ndarray]:
    """Landmarks of whole clips, so many at once that memory is bounded."""
    start = 0
    while start < len(landmarks):
        stop = min(start + _LANDMARKS_AT_ONCE, len(landmarks))
        last = landmarks["clip"][stop - 1]
        if stop < len(landmarks):
            whole = int(np.searchsorted(landmarks["clip"], last))
            stop = (
                whole if whole > start else int(np.searchsorted(landmarks["clip"], last, "right"))
            )
        yield landmarks[start:stop]
        start = stop


def _num_landmarks(landmarks: np.ndarray) -> np.ndarray:
    return np.bincount(landmarks["clip"], minlength=1)


def _pairs(landmarks: np.ndarray, others: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    matches = _matches(landmarks, others)
    if not len(matches):
        return np.empty(0, PAIR)
    groups = _grouped(matches)
    own = np.bincount(landmarks["clip"] - landmarks["clip"][0])
    pairs = np.zeros(len(groups), PAIR)
    pairs["clip"], pairs["other"] = groups["clip"], groups["other"]
    pairs["found"] = groups["row"]
    pairs["of"] = np.minimum(own[groups["clip"] - landmarks["clip"][0]], sizes[groups["other"]])
    pairs["agreement"] = 1 - groups["bits"] / groups["row"] / (8 * CODE_BYTES)
    near: np.ndarray = pairs[_are_near(pairs, groups)]
    return near


def _are_near(pairs: np.ndarray, groups: np.ndarray) -> np.ndarray:
    most = np.array(MOST_BITS)[np.minimum(pairs["found"], len(MOST_BITS) - 1)]
    near: np.ndarray = (groups["bits"] <= most * groups["row"]) & (
        pairs["found"] >= LEAST_SHARE * pairs["of"]
    )
    return near


def _matches(landmarks: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Near codes of two landmarks, and where the other clip would begin in the first one's time."""
    speeds = landmarks["codes"].shape[1]
    codes = np.ascontiguousarray(landmarks["codes"]).reshape(-1, CODE_BYTES)
    found = []
    for query, other, bits in near_codes(codes, others["codes"][:, 0]):
        row, speed = np.divmod(query, speeds)
        played = landmarks["seconds"][row] / np.array(SPEEDS)[speed]
        match = np.empty(len(row), _MATCH)
        match["clip"], match["other"] = landmarks["clip"][row], others["clip"][other]
        match["row"], match["bits"] = row, bits
        distance = (others["seconds"][other] - played) / _WINDOW_SECONDS
        match["bin"] = np.floor(2 * distance)
        found.append(match)
    return np.concatenate([np.empty(0, _MATCH), *found])


def _grouped(matches: np.ndarray) -> np.ndarray:
    """For each two clips the matches that belong together: their number as `row`, sum of bits."""
    neighbour = matches.copy()
    neighbour["bin"] -= 1  # each window is two bins, and each match in two windows
    both = np.concatenate([matches, neighbour])
    both = both[np.lexsort([both["bits"], both["row"], both["bin"], both["other"], both["clip"]])]
    both = both[_begins(both[["clip", "other", "bin", "row"]])]
    starts = np.flatnonzero(_begins(both[["clip", "other", "bin"]]))
    groups = both[starts]
    groups["row"] = np.diff(np.append(starts, len(both)))
    groups["bits"] = np.add.reduceat(both["bits"], starts)
    # of several windows the one with the most landmarks, of those the nearest
    groups = groups[np.lexsort([groups["bits"], -groups["row"], groups["other"], groups["clip"]])]
    best: np.ndarray = groups[_begins(groups[["clip", "other"]])]
    return best


def _begins(rows: np.ndarray) -> np.ndarray:
    """Where a row differs from the one before it."""
    differs = np.ones(len(rows), bool)
    differs[1:] = rows[1:] != rows[:-1]
    return differs
