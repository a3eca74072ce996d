"""What a split looks at, in columns: some fifty bytes a clip, so that a million fit anywhere."""

import hashlib
from collections.abc import Sequence

import numpy as np
from attrs import frozen

from engine.corpus.manifest import Clip
from engine.evaluation.digests import NUM_BYTES, as_digests

UNKNOWN = -1


@frozen(eq=False)
class Traits:
    """One row a clip, in manifest order."""

    digests: np.ndarray
    """SHA-256 of the decoded audio, uint8 [clips, 32]."""
    places: np.ndarray
    """The fixed pseudo-random place in [0, 1) of each clip's id."""
    turns: np.ndarray
    """Another such place: the lowest are kept where a set is limited."""
    speakers: np.ndarray
    """Rows of `names`, or UNKNOWN."""
    listed: np.ndarray
    """'train', 'eval', 'test' or '', as official lists say."""
    names: tuple[str, ...]
    """The speakers."""

    def __len__(self) -> int:
        return len(self.places)


def traits_of(clips: Sequence[Clip]) -> Traits:
    """Look at every clip once, holding none. Raises UserError for a digest that is none."""
    count = len(clips)
    digests = np.empty((count, NUM_BYTES), np.uint8)
    places, turns = np.empty(count), np.empty(count)
    speakers, listed = np.full(count, UNKNOWN), np.full(count, "", "U5")
    names: dict[str, int] = {}
    for row, clip in enumerate(clips):
        digests[row] = as_digests([clip.sha256])[0]
        places[row], turns[row] = place(clip.id), place(f"keep {clip.id}")
        listed[row] = clip.listed or ""
        if clip.speaker:
            speakers[row] = names.setdefault(clip.speaker, len(names))
    return Traits(digests, places, turns, speakers, listed, tuple(names))


def place(name: str) -> float:
    """A name's fixed pseudo-random place in [0, 1), by SHA-1."""
    digest = hashlib.sha1(name.encode("utf-8", "surrogateescape")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
