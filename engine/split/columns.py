"""The columns that a split reads: a hundred bytes per clip, so that a million fit anywhere."""

import hashlib
from collections.abc import Sequence
from posixpath import splitext

import numpy as np
from attrs import frozen

from engine.corpus.table.manifest import Clip
from engine.corpus.table.rows import AGAIN
from engine.evaluation.audio import SPAN
from engine.evaluation.digests import NUM_BYTES, as_digests
from engine.evaluation.sound.landmarks import Fingerprints
from engine.evaluation.texts import sentence_key
from engine.files.text import visible
from engine.files.untrusted import as_user_error

UNKNOWN = -1


@frozen(eq=False)
class SplitColumns:
    """One row a clip, in manifest order."""

    digests: np.ndarray
    """SHA-256 of the decoded audio, uint8 [clips, 32]."""
    spans: np.ndarray
    """Where in which file each clip lies, SPAN [clips]."""
    places: np.ndarray
    """The fixed pseudo-random place in [0, 1) of each clip's recording, all of whose clips share
    it: of its path without the extension."""
    turns: np.ndarray
    """Such a place of each clip by itself: the lowest are kept where a set is limited."""
    speakers: np.ndarray
    """Rows of `names`, or UNKNOWN."""
    sentences: np.ndarray
    """Such a place of each clip's transcript by its letters and digits alone, of the clip itself
    where it has none; UNKNOWN without a transcript."""
    words: np.ndarray
    """Whether the transcript is no sentence but the label, as in a corpus of words."""
    listed: np.ndarray
    """'train', 'eval', 'test' or '', as official lists say."""
    names: tuple[str, ...]
    """The speakers."""
    fingerprints: Fingerprints | None = None
    """Without them clips are not compared by sound."""

    def __len__(self) -> int:
        return len(self.places)


def columns_of(clips: Sequence[Clip], fingerprints: Fingerprints | None = None) -> SplitColumns:
    """Read every clip once, holding none. Raises UserError for an invalid digest."""
    count = len(clips)
    digests = np.empty((count, NUM_BYTES), np.uint8)
    spans = np.empty(count, SPAN)
    places, turns, sentences = np.empty(count), np.empty(count), np.full(count, float(UNKNOWN))
    speakers, listed = np.full(count, UNKNOWN), np.full(count, "", "U5")
    words = np.zeros(count, bool)
    names: dict[str, int] = {}
    for row, clip in enumerate(clips):
        digests[row] = as_digests([clip.sha256])[0]
        spans[row] = span_of(clip)
        places[row], turns[row] = place(splitext(clip.path)[0]), place(f"keep {clip.id}")
        listed[row] = clip.listed or ""
        words[row] = clip.text == clip.label
        if clip.text:
            sentences[row] = place(sentence_key(clip.text) or f"marks alone {clip.id}")
        if clip.speaker:
            speakers[row] = names.setdefault(clip.speaker, len(names))
    return SplitColumns(
        digests,
        spans,
        places,
        turns,
        speakers,
        sentences,
        words,
        listed,
        tuple(names),
        fingerprints,
    )


def span_of(clip: Clip) -> tuple[int, float, float]:
    """Where a clip lies, as a row of SPAN. Raises UserError where its manifest cannot be true."""
    with as_user_error(f"The manifest is damaged: clip '{visible(clip.id)}' lies nowhere. {AGAIN}"):
        file = int.from_bytes(bytes.fromhex(clip.file_sha256[:16]))
        return file, clip.start_seconds, clip.start_seconds + clip.seconds


def place(name: str) -> float:
    """A name's fixed pseudo-random place in [0, 1), by SHA-1."""
    digest = hashlib.sha1(name.encode("utf-8", "surrogateescape")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
