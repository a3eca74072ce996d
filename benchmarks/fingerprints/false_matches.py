"""How many pairs of different clips pass for one sound, among all pairs of all folders."""

from collections import Counter
from pathlib import Path

import numpy as np
from scipy.signal import fftconvolve
from scipy.stats import beta

from benchmarks.fingerprints.clips import RATE_HZ, Sound, landmarks_of_all, sounds_in
from engine.evaluation.sound.near_duplicates import near_duplicates_within

SAME_RECORDING = 0.8
"""Correlation of samples from which two clips share a recording, unless they are takes."""
_SNIPPET_SECONDS = 0.2


def false_matches(folders: list[Path]) -> dict[str, object]:
    """Pairs there are, pairs found, and which of these do not share a recording."""
    sounds = [one for folder in folders for one in sounds_in(folder)]
    takes = Counter(one.repeats for one in sounds)
    repetitions = sum(number * (number - 1) // 2 for number in takes.values())
    pairs = near_duplicates_within(landmarks_of_all([one.samples for one in sounds]))
    wrong = []
    for row in pairs:
        clip, other = sounds[row["clip"]], sounds[row["other"]]
        likeness = _correlation(clip, other)
        if clip.repeats == other.repeats or likeness < SAME_RECORDING:
            names = [f"{one.path.parent.name}/{one.path.name}" for one in (clip, other)]
            wrong.append((*names, round(likeness, 2), clip.repeats == other.repeats))
    number = len(sounds) * (len(sounds) - 1) // 2
    of_takes = sum(is_take for *_, is_take in wrong)
    return {
        "clips": len(sounds),
        "hours": round(sum(one.seconds for one in sounds) / 3600, 2),
        "pairs": number,
        "found": len(pairs),
        "same_recording": len(pairs) - len(wrong),
        "false": len(wrong),
        "false_rate_95": interval(len(wrong), number),
        "repetitions": repetitions,
        "false_among_repetitions": of_takes,
        "false_rate_of_repetitions_95": interval(of_takes, repetitions),
        "which": wrong,
    }


def interval(count: int, of: int) -> tuple[float, float]:
    """Clopper and Pearson's 95 % interval of a share."""
    low = float(beta.ppf(0.025, count, of - count + 1)) if count else 0.0
    high = float(beta.ppf(0.975, count + 1, of - count)) if count < of else 1.0
    return low, high


def _correlation(one: Sound, other: Sound) -> float:
    """The greatest correlation of the loudest part of the shorter clip with any of the other."""
    short, long = sorted((one.samples, other.samples), key=len)
    size = min(len(short), round(_SNIPPET_SECONDS * RATE_HZ))
    power = fftconvolve(np.square(short), np.ones(size), "valid")
    start = int(power.argmax())
    snippet = short[start : start + size]
    products = fftconvolve(long, snippet[::-1], "valid")
    energy = fftconvolve(np.square(long), np.ones(size), "valid").clip(1e-9)
    return float((products / np.sqrt(energy * np.square(snippet).sum())).max())
