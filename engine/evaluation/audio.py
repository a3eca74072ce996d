"""Clips that share audio: identical samples, or overlapping parts of one file.

A corpus that is segmented again has other clips, with other digests, of the same audio.
"""

from typing import Final, Protocol

import numpy as np
from attrs import frozen

from engine.evaluation.digests import shared_rows
from engine.evaluation.sound.landmarks import Fingerprints

SPAN: Final = np.dtype([("file", "<u8"), ("start", "<f8"), ("stop", "<f8")])
"""The place of a clip: the first 8 bytes of its file's SHA-256 (0: unknown), and seconds in it."""

_SLACK_SECONDS = 0.1
"""Overlap that is ignored: neighbours often share a rounded edge or part of a pause."""


class Audio(Protocol):
    """Identity of the audio of some clips, a row each."""

    @property
    def digests(self) -> np.ndarray:
        """SHA-256 of each clip's decoded audio, uint8 [clips, 32]."""

    @property
    def spans(self) -> np.ndarray:
        """Place of each clip in its file, SPAN [clips]."""

    @property
    def fingerprints(self) -> Fingerprints | None:
        """What the clips sound like, in their order or not; None where it is not known."""


@frozen(eq=False)
class ClipAudio:
    """The audio of some clips, without anything else about them."""

    digests: np.ndarray
    spans: np.ndarray
    fingerprints: Fingerprints | None = None


def rows_sharing_audio(clips: Audio, others: Audio) -> list[int]:
    """The rows of `clips` that share audio with any of the `others`, ascending."""
    same = shared_rows(clips.digests, others.digests)
    return sorted({*same, *_overlapping(clips.spans, others.spans)})


def _overlapping(spans: np.ndarray, others: np.ndarray) -> list[int]:
    """The rows of `spans` that overlap one of the `others` in the same file."""
    files = np.intersect1d(spans["file"], others["file"])
    files = files[files != 0]
    rows = np.flatnonzero(np.isin(spans["file"], files))
    if not len(rows):
        return []
    near, theirs = spans[rows], others[np.isin(others["file"], files)]
    # The files are laid end to end, so that one search among all edges answers for every file.
    apart = max(near["stop"].max(), theirs["stop"].max()) + 1

    def edges(some: np.ndarray, edge: str) -> np.ndarray:
        placed: np.ndarray = np.searchsorted(files, some["file"]) * apart + some[edge]
        return placed

    slack = np.minimum(_SLACK_SECONDS, (near["stop"] - near["start"]) / 4)
    begun = np.searchsorted(np.sort(edges(theirs, "start")), edges(near, "stop") - slack)
    ended = np.searchsorted(np.sort(edges(theirs, "stop")), edges(near, "start") + slack, "right")
    overlapping: list[int] = rows[begun > ended].tolist()
    return overlapping
