"""Whether samples were damaged before they came here: peaks that wrap around, gaps of zeros."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from engine.training.checks.check import Check
from engine.training.system import TrainingAudio

_CLIPS, _MOST_SECONDS = 192, 10.0
_JUMP, _RAIL = 1.75 * 32_768, 32_700
"""A larger step from sample to sample leads from one end of the scale to the other. Samples beyond
the second number were clipped: those that wrapped around hardly ever stand there."""
_GAP_SECONDS, _ZERO, _LOUD = 0.01, 1, 0.05
"""Shortest gap; largest sample in it; level beside it, as a share of the clip's peak, from which it
is abrupt."""
_MOST = 0.1
"""Share of damaged clips: docs/truth/broken-runs.md, "Probes"."""


def damage_checks(audio: TrainingAudio) -> Iterator[Check]:
    """Look at some training clips for overflow and dropouts: warnings."""
    most = round(_MOST_SECONDS * audio.sample_rate_hz)
    clips = {clip.id: audio.samples(place)[:most] for place, clip in audio.some(_CLIPS)}
    shortest = round(_GAP_SECONDS * audio.sample_rate_hz)
    yield _check(
        "peaks of clips",
        clips,
        _wraps_around,
        "peaks that jump from one end of the scale to the other",
        "samples were written beyond 16 bits and wrapped around. Convert the originals again",
    )
    yield _check(
        "gaps in clips",
        clips,
        lambda samples: _has_gaps(samples, shortest),
        "gaps of zeros in the middle of sound",
        "the recording or its transmission dropped out, or a cut was filled with zeros",
    )


def _check(
    name: str,
    clips: dict[str, np.ndarray],
    is_damaged: Callable[[np.ndarray], bool],
    what: str,
    why: str,
) -> Check:
    damaged = [clip for clip, samples in clips.items() if is_damaged(samples)]
    said = f"{len(damaged)} of {len(clips)} clips have {what}"
    if len(damaged) <= _MOST * len(clips):
        return Check(name, True, said, "warn")
    return Check(name, False, f"{said} (first: {_first(damaged)}): {why}", "warn")


def _first(ids: Sequence[str]) -> str:
    return ", ".join(ids[:3])


def _wraps_around(samples: np.ndarray) -> bool:
    level = samples.astype(np.int32)
    jumps = np.abs(np.diff(level)) > _JUMP
    inside = np.abs(level) < _RAIL
    return bool((jumps & inside[1:] & inside[:-1]).any())


def _has_gaps(samples: np.ndarray, shortest: int) -> bool:
    """Whether there are zeros, so many and more, beside a loud sample and not at an end.

    Resampling leaves a little next to a gap, so that the samples beside it are as many as the
    shortest gap has.
    """
    level = np.abs(samples.astype(np.int32))
    changes = np.diff(np.concatenate([[0], level <= _ZERO, [0]]).astype(np.int8))
    starts, ends = np.flatnonzero(changes == 1), np.flatnonzero(changes == -1)
    inside = (ends - starts >= shortest) & (starts > 0) & (ends < len(level))
    beside = [
        max(level[max(0, start - shortest) : start].max(), level[end : end + shortest].max())
        for start, end in zip(starts[inside], ends[inside], strict=True)
    ]
    return bool(max(beside, default=0) > _LOUD * level.max(initial=0))
