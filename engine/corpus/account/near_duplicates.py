"""The clips of a corpus that sound alike: which, and how much alike."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from attrs import frozen

from engine.corpus.store.landmark_file import open_landmarks
from engine.corpus.table.manifest import Clip
from engine.corpus.table.rows import ODD_NAMES, json_line
from engine.evaluation.sound.near_duplicates import near_duplicates_within

NEAR_DUPLICATES_FILE = "near_duplicates.jsonl"
NUM_SHOWN = 10
"""Pairs that a report names."""


@frozen(kw_only=True)
class NearDuplicate:
    """Two clips that sound alike, with other samples."""

    clip: str
    other: str
    """Ids; `other` comes first in the manifest."""
    found: int
    of: int
    """How many of the landmarks of the shorter one are found in the other."""
    agreement: float
    """Share of the bits of their codes that are equal."""

    def __str__(self) -> str:
        alike = f"{self.found} of {self.of} landmarks, {self.agreement:.0%} of their bits"
        return f"{self.clip} sounds like {self.other}: {alike}"


@frozen(kw_only=True)
class NearDuplicates:
    """What a report says of clips that sound alike."""

    num_clips: int
    """Clips that sound like one before them."""
    num_pairs: int
    num_unknown: int
    """Clips too short for a fingerprint."""
    first: tuple[NearDuplicate, ...]


def write_near_duplicates(folder: Path, clips: Sequence[Clip]) -> NearDuplicates:
    """Compare all clips of a corpus by their fingerprints; write every pair, a line each."""
    landmarks = open_landmarks(folder)
    pairs = near_duplicates_within(landmarks)
    first: list[NearDuplicate] = []
    with (folder / NEAR_DUPLICATES_FILE).open("w", encoding="utf-8", errors=ODD_NAMES) as file:
        for row in pairs:
            one = _in_words(row, clips)
            first += [one] if len(first) < NUM_SHOWN else []
            file.write(json_line([one.clip, one.other, one.found, one.of, one.agreement]))
    return NearDuplicates(
        num_clips=len(np.unique(pairs["clip"])),
        num_pairs=len(pairs),
        num_unknown=len(clips) - len(np.unique(landmarks["clip"])),
        first=tuple(first),
    )


def near_duplicates_of(folder: Path, id_: str) -> Iterator[NearDuplicate]:
    """The pairs that a clip belongs to; none in a corpus of an older release."""
    path = folder / NEAR_DUPLICATES_FILE
    if not path.is_file():
        return
    with path.open(encoding="utf-8", errors=ODD_NAMES) as file:
        for line in file:
            clip, other, found, of, agreement = json.loads(line)
            if id_ in (clip, other):
                yield NearDuplicate(clip=clip, other=other, found=found, of=of, agreement=agreement)


def _in_words(row: np.ndarray, clips: Sequence[Clip]) -> NearDuplicate:
    return NearDuplicate(
        clip=clips[int(row["clip"])].id,
        other=clips[int(row["other"])].id,
        found=int(row["found"]),
        of=int(row["of"]),
        agreement=round(float(row["agreement"]), 4),
    )
