"""How many transformed clips are found, by transform and length."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from benchmarks.fingerprints.clips import LENGTHS, landmarks_of_all, sounds_in
from benchmarks.fingerprints.rivals import RIVALS, distance
from benchmarks.fingerprints.transforms import transformed
from engine.evaluation.sound.near_duplicates import near_duplicates

CLIPS_OF_A_LENGTH = 40
"""Of a folder, drawn at random."""


def recall_in(folder: Path, limits: Mapping[str, float]) -> list[dict[str, object]]:
    """For each length and transform, the clips of a folder that are found, and those there are."""
    sounds, random = sounds_in(folder), np.random.default_rng(17)
    rows: list[dict[str, object]] = []
    for length, (low, high) in LENGTHS.items():
        fitting = [one.samples for one in sounds if low <= one.seconds < high]
        drawn = random.permutation(len(fitting))[:CLIPS_OF_A_LENGTH].tolist()
        if drawn:
            rows += _recall([fitting[number] for number in drawn], length, limits)
    return rows


def _recall(
    clips: list[np.ndarray], length: str, limits: Mapping[str, float]
) -> list[dict[str, object]]:
    known = landmarks_of_all(clips)
    stored = {name: [of(one) for one in clips] for name, of in RIVALS.items()}
    rows: list[dict[str, object]] = []
    for transform, changed in transformed(clips).items():
        pairs = near_duplicates(landmarks_of_all(changed), known)
        found = {"cantus": int((pairs["clip"] == pairs["other"]).sum())}
        for name, of in RIVALS.items():
            both = zip(changed, stored[name], strict=True)
            found[name] = sum(distance(of(one), other) < limits[name] for one, other in both)
        rows.append({"length": length, "transform": transform, "of": len(clips), "found": found})
    return rows
