"""How many transformed clips are found, by transform and length."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from benchmarks.fingerprints.clips import LENGTHS, landmarks_of_all, sounds_in
from benchmarks.fingerprints.rivals import RIVALS, distance
from benchmarks.fingerprints.transforms import Clips, transformed
from engine.evaluation.sound.near_duplicates import near_duplicates

CLIPS_OF_A_LENGTH = 20
"""Clips drawn at random from each folder."""

Find = Callable[[Clips, Clips], Mapping[str, int]]
"""How many changed clips each method finds among the clips as they were."""


def recall_in(folder: Path, find: Find) -> list[dict[str, object]]:
    """For each length and transform, the clips of a folder that are found, and those there are."""
    sounds, random = sounds_in(folder), np.random.default_rng(17)
    rows: list[dict[str, object]] = []
    for length, (low, high) in LENGTHS.items():
        fitting = [one.samples for one in sounds if low <= one.seconds < high]
        drawn = random.permutation(len(fitting))[:CLIPS_OF_A_LENGTH].tolist()
        if drawn:
            clips = [fitting[number] for number in drawn]
            rows += [
                {"length": length, "transform": name, "of": len(clips), "found": find(some, clips)}
                for name, some in transformed(clips).items()
            ]
    return rows


def by_landmarks(changed: Clips, clips: Clips) -> dict[str, int]:
    """Number of changed clips whose original Cantus finds."""
    pairs = near_duplicates(landmarks_of_all(changed), landmarks_of_all(clips))
    return {"cantus": int((pairs["clip"] == pairs["other"]).sum())}


def by_rivals(limits: Mapping[str, float]) -> Find:
    """The search of the other methods, with a limit for each."""

    def find(changed: Clips, clips: Clips) -> dict[str, int]:
        both = [*zip(changed, clips, strict=True)]
        return {
            name: sum(distance(of(one), of(other)) < limits[name] for one, other in both)
            for name, of in RIVALS.items()
        }

    return find
