"""A chart of the pitch of a clip's versions."""

from collections.abc import Iterator, Sequence

import numpy as np
import soxr

from engine.analysis.pitch.method import HOP_LENGTH, SAMPLE_RATE_HZ
from engine.analysis.pitch.swift_f0 import SwiftF0
from engine.errors import UserError
from engine.report.chart import Chart, Drawing, Line, Point
from engine.report.compare.versions import Version
from engine.report.sound import Sound

_SHARED_COLOUR = 7
_FEWEST_FRAMES = 3


def pitch_chart(versions: Sequence[tuple[Version, Sound]]) -> tuple[Drawing | None, str]:
    """Curves in Hz over seconds, by SwiftF0; without its package None, and how to install it.

    Curves have gaps where there is no voice.
    """
    try:
        method = SwiftF0()
    except UserError as error:
        return None, str(error)
    lines = []
    for version, sound in versions:
        colour = _SHARED_COLOUR if version.run is None else version.run.number
        hertz = method(_resampled(sound))
        lines += [
            Line(version.title if number == 0 else "", points, colour, dots=False)
            for number, points in enumerate(_voiced(hertz))
        ]
    if not lines:
        return None, "No version has a pitch."
    return Chart("pitch in Hz", lines, across="seconds").drawn(), ""


def _resampled(sound: Sound) -> np.ndarray:
    if sound.sample_rate_hz == SAMPLE_RATE_HZ:
        return sound.samples
    found: np.ndarray = soxr.resample(sound.samples, sound.sample_rate_hz, SAMPLE_RATE_HZ)
    return found.astype(np.float32)


def _voiced(hertz: np.ndarray) -> Iterator[list[Point]]:
    """The stretches of frames with voice, as seconds and Hz."""
    seconds = np.arange(len(hertz)) * HOP_LENGTH / SAMPLE_RATE_HZ
    edges = np.flatnonzero(np.diff(np.pad(hertz > 0, 1).astype(int)))
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        if end - begin >= _FEWEST_FRAMES:
            points = zip(seconds[begin:end].tolist(), hertz[begin:end].tolist(), strict=True)
            yield [(round(at, 3), round(one, 1)) for at, one in points]
