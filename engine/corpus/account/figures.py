"""What the histograms of a report count: a figure of each clip, between round edges."""

from collections.abc import Callable

from attrs import frozen

from engine.corpus.measure.level import SILENT_FRAME_DBFS, decibels
from engine.corpus.measure.transcript import num_spoken
from engine.corpus.table.manifest import Clip


@frozen
class Figure:
    """A figure of a clip, and the edges between which clips are counted."""

    title: str
    unit: str
    edges: tuple[float, ...]
    of: Callable[[Clip], float | None]
    """None where a clip has no such figure."""


def characters_per_second(clip: Clip) -> float | None:
    """Letters and digits of a clip's text over its length; None without a text."""
    if clip.text is None:
        return None
    return round(num_spoken(clip.text) / clip.seconds, 2)


FIGURES = (
    Figure(
        "length",
        "s",
        (0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 5, 7.5, 10, 15, 20, 30, 60, 300, 3600),
        lambda clip: clip.seconds,
    ),
    Figure(
        "peak",
        "dBFS",
        (-60, -50, -40, -30, -25, -20, -15, -10, -6, -3, -1, 0),
        lambda clip: decibels(clip.peak),
    ),
    Figure(
        "level",
        "dBFS, RMS",
        (-60, -50, -45, -40, -35, -30, -25, -20, -15, -10, -5, 0),
        lambda clip: clip.rms_dbfs,
    ),
    Figure(
        "clipping",
        "% of samples at or beyond full scale",
        (0, 0.001, 0.01, 0.1, 1, 10),
        lambda clip: 100 * clip.clipped_share,
    ),
    Figure(
        "silence",
        f"% of 20 ms frames below {SILENT_FRAME_DBFS:.0f} dBFS",
        (0, 10, 20, 30, 40, 50, 60, 70, 80, 90),
        lambda clip: 100 * clip.silent_share,
    ),
    Figure(
        "text",
        "letters and digits a second",
        (0, 2.5, 5, 7.5, 10, 12.5, 15, 17.5, 20, 25, 30, 40),
        characters_per_second,
    ),
)
