"""Fingerprints of clips: a code for each of their loudest places, kept as one table.

A landmark is a place in a clip where it is loudest for a quarter of a second, and a code of the
second around it. What computes them from samples is `engine/corpus/measure/fingerprint.py`.
"""

import tokenize
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from attrs import frozen

from engine.errors import UserError
from engine.files.untrusted import as_user_error

CODE_BYTES: Final = 40
"""320 bits a code."""
SPEEDS: Final = (1.0, 0.975, 1.025)
"""At which a corpus has codes of each landmark: one is near every speed from 0.96 to 1.04."""


def landmark_type(num_speeds: int) -> np.dtype:
    """A row: its clip's number, its place in seconds, and its codes, as it is first."""
    return np.dtype(
        [("clip", "<u4"), ("seconds", "<f4"), ("codes", np.uint8, (num_speeds, CODE_BYTES))]
    )


LANDMARK: Final = landmark_type(len(SPEEDS))
"""What a corpus keeps of a landmark, 128 bytes: it can be looked for, and be found."""
FOUND: Final = landmark_type(1)
"""What a model keeps of a landmark of its training clips, 48 bytes: it can be found."""


_ROWS_AT_ONCE = 1 << 20


@frozen(eq=False)
class Fingerprints:
    """The fingerprints of some clips of a corpus."""

    landmarks: np.ndarray
    """Landmarks of the whole corpus, LANDMARK or FOUND [landmarks], by the clips' rows in it."""
    rows: np.ndarray
    """Rows of these clips, ascending."""

    def of(self, places: np.ndarray) -> np.ndarray:
        """The landmarks of the clips at some places, numbered by these places' order."""
        return landmarks_of(self.landmarks, self.rows[places], self.landmarks.dtype)

    @classmethod
    def joined(cls, several: Sequence["Fingerprints"]) -> "Fingerprints":
        """The fingerprints of several sets of clips in one, without the codes of other speeds."""
        tables = [landmarks_of(one.landmarks, one.rows, FOUND) for one in several]
        first = 0
        for table, one in zip(tables, several, strict=True):
            table["clip"] += first
            first += len(one.rows)
        return cls(np.concatenate(tables), np.arange(first))

    def places_of(self, rows: np.ndarray) -> np.ndarray:
        """The place of each of some rows of the manifest; -1 where it is not among these clips."""
        places = np.searchsorted(self.rows, rows).clip(max=len(self.rows) - 1)
        found: np.ndarray = np.where(self.rows[places] == rows, places, -1)
        return found


def read_landmarks(path: Path, again: str) -> np.ndarray:
    """Landmarks [landmarks] in ascending order of their clips, memory-mapped.

    Raises UserError, ending with what to do (`again`), where the file holds something else.
    """
    damaged = f"{path} is damaged. {again}"
    with as_user_error(damaged, OSError, SyntaxError, tokenize.TokenError):
        rows: np.ndarray = np.lib.format.open_memmap(path, mode="r")
    if rows.dtype not in (LANDMARK, FOUND) or rows.ndim != 1:
        raise UserError(damaged)
    return rows


def landmarks_of(landmarks: np.ndarray, clips: np.ndarray, kind: np.dtype) -> np.ndarray:
    """The landmarks of some clips, numbered by their places in `clips`.

    As FOUND they are without the codes of other speeds.
    """
    first = np.searchsorted(landmarks["clip"], clips)
    counts = np.searchsorted(landmarks["clip"], clips, "right") - first
    rows, found = _ranges(first, counts), np.empty(counts.sum(), kind)
    num_speeds = kind["codes"].shape[0]
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        part = slice(start, start + _ROWS_AT_ONCE)
        some = landmarks[rows[part]]
        found["seconds"][part] = some["seconds"]
        found["codes"][part] = some["codes"][:, :num_speeds]
    found["clip"] = np.repeat(np.arange(len(clips)), counts)
    return found


def _ranges(first: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """`first`, first + 1, ... of each of `counts` numbers, one behind the other."""
    ends = np.cumsum(counts)
    places: np.ndarray = np.arange(ends[-1] if len(ends) else 0)
    places += np.repeat(first - ends + counts, counts)
    return places
