"""Content features of slices: each is read from its file when it is asked for.

No file stays open: an hour of audio lies in more than a hundred, and a process may hold 1,024. To
read a slice takes as long as to copy it from a memory map.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import overload

import numpy as np
from attrs import frozen

from engine.files.untrusted import as_user_error
from engine.systems.rvc.data.content_features import STORED


@frozen
class Stored:
    """The place of a slice's features in a file."""

    path: Path
    offset: int
    """Offset of the features in the file, in bytes."""
    frames: int
    dim: int

    def read(self) -> np.ndarray:
        """Features [frames, dim] in half precision. Raises UserError where the file is gone."""
        damage = (
            f"Content features cannot be read from {self.path}: the file was deleted or changed "
            "meanwhile. Start again: missing features are computed."
        )
        count = self.frames * self.dim
        with as_user_error(damage, OSError):
            flat = np.fromfile(self.path, STORED, count, offset=self.offset)
            return flat.reshape(self.frames, self.dim)


@frozen(eq=False)
class StoredContent(Sequence[np.ndarray]):
    """The features [frames, dim] of slice after slice, in half precision."""

    places: tuple[Stored | np.ndarray, ...]
    """In a file, or in memory."""

    def __len__(self) -> int:
        return len(self.places)

    @overload
    def __getitem__(self, index: int) -> np.ndarray: ...
    @overload
    def __getitem__(self, index: slice) -> "StoredContent": ...
    def __getitem__(self, index: int | slice) -> "np.ndarray | StoredContent":
        if isinstance(index, slice):
            return StoredContent(self.places[index])
        place = self.places[index]
        return place.read() if isinstance(place, Stored) else place

    def only(self, indices: np.ndarray) -> "StoredContent":
        """The features of the slices at `indices`, in their order; nothing is read."""
        return StoredContent(tuple(self.places[index] for index in indices.tolist()))

    def followed_by(self, features: Sequence[np.ndarray]) -> "StoredContent":
        """The stored features, followed by features that are in memory."""
        return StoredContent((*self.places, *features))


def stored_in(path: Path, counts: Sequence[int]) -> list[Stored]:
    """Where the features of slices of so many frames lie in a file [frames, dim]."""
    whole = np.load(path, mmap_mode="r")
    dim = whole.shape[1]
    starts = np.cumsum([0, *counts])[:-1] * dim * STORED.itemsize + whole.offset
    return [
        Stored(path, start, count, dim)
        for start, count in zip(starts.tolist(), counts, strict=True)
    ]
