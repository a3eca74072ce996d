"""Cuts a long recording where it is quietest, holding no more than two of its parts at a time."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

_FRAMES_PER_SECOND = 100
_PAUSE_FRAMES = 20
"""Length of a pause over which the quietest place is averaged: 0.2 s."""


class Segment(NamedTuple):
    """A part of a recording."""

    start: int
    """In samples."""
    samples: np.ndarray
    is_whole: bool
    """Whether it is all of the recording."""


def segments(
    blocks: Iterable[np.ndarray], sample_rate_hz: int, min_seconds: float, max_seconds: float
) -> Iterator[Segment]:
    """Mono blocks as segments of at most `max_seconds`, cut in the middle of the longest pauses.

    Each cut lies in the second half of what may still become one segment, so that none is shorter
    than `min_seconds` but a recording that is so itself; `max_seconds` is over twice that. No
    sample is left out or given twice.
    """
    longest, shortest = round(max_seconds * sample_rate_hz), round(min_seconds * sample_rate_hz)
    waiting: list[np.ndarray] = []
    num_waiting = start = 0
    for block in blocks:
        waiting.append(block)
        num_waiting += len(block)
        if num_waiting <= longest + shortest:
            continue
        held = np.concatenate(waiting)
        while len(held) > longest + shortest:
            place = _quietest(held, longest // 2, longest, sample_rate_hz)
            yield Segment(start, held[:place], is_whole=False)
            held, start = held[place:], start + place
        waiting, num_waiting = [held], len(held)
    held = np.concatenate([np.zeros(0, np.float32), *waiting])
    if len(held) > longest:
        place = _quietest(held, longest // 2, min(longest, len(held) - shortest), sample_rate_hz)
        yield Segment(start, held[:place], is_whole=False)
        held, start = held[place:], start + place
    yield Segment(start, held, is_whole=start == 0)


def _quietest(samples: np.ndarray, low: int, high: int, sample_rate_hz: int) -> int:
    """The middle of the quietest 0.2 s between two samples; the later one of equals."""
    frame = max(1, sample_rate_hz // _FRAMES_PER_SECOND)
    frames = samples[low : low + (high - low) // frame * frame].reshape(-1, frame)
    if len(frames) < _PAUSE_FRAMES:
        return high
    power = np.einsum("ij,ij->i", frames, frames)
    smoothed = np.convolve(power, np.ones(_PAUSE_FRAMES), "valid")
    last = len(smoothed) - 1 - int(np.argmin(smoothed[::-1]))
    return low + (last + _PAUSE_FRAMES // 2) * frame
