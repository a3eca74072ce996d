"""Where long audio is cut, and how much of its surroundings a segment is given with.

RVC's rule on a processor: audio of up to 41 s is one segment; what is longer is cut near every
38 s, at the quietest place of 12 s. Pitch methods, content encoders and the text encoder attend to
all that they are given, so a segment is what they are given, whatever memory there is.
"""

import numpy as np
from attrs import frozen

from engine.analysis.pitch.method import HOP_LENGTH, SAMPLE_RATE_HZ
from engine.systems.rvc.conversion.disk_samples import DiskSamples

CONTEXT = SAMPLE_RATE_HZ
"""Samples on each side of a segment that are given to the models with it."""
_LONGEST = 41 * SAMPLE_RATE_HZ
_CENTRE = 38 * SAMPLE_RATE_HZ
_AROUND = 6 * SAMPLE_RATE_HZ


@frozen
class Segment:
    """A part of a source, in samples at 16 kHz; `start` is a multiple of a frame."""

    start: int
    stop: int

    @property
    def num_frames(self) -> int:
        """Frames of 10 ms, the last of which may reach over its end."""
        return -(-(self.stop - self.start) // HOP_LENGTH)


def segments_of(samples: DiskSamples) -> list[Segment]:
    """Cut a source."""
    length = len(samples)
    cuts = [0]
    if length + HOP_LENGTH > _LONGEST:
        places = range(_CENTRE, length, _CENTRE)
        cuts += [_quietest(samples, place) // HOP_LENGTH * HOP_LENGTH for place in places]
    return [Segment(*ends) for ends in zip(cuts, [*cuts[1:], length], strict=True)]


def with_context(samples: DiskSamples, segment: Segment) -> np.ndarray:
    """A segment with its surroundings, float32. Beyond its ends the source is mirrored."""
    end = min(segment.stop + CONTEXT + HOP_LENGTH, len(samples) + CONTEXT)
    return _mirrored(samples, segment.start - CONTEXT, end).astype(np.float32)


def _quietest(samples: DiskSamples, place: int) -> int:
    """The first place around which a frame of samples has the smallest sum of magnitudes."""
    start, stop = place - _AROUND, min(place + _AROUND, len(samples))
    half = HOP_LENGTH // 2
    magnitude = np.abs(_mirrored(samples, start - half, stop + half))
    total = np.zeros(stop - start)
    for shift in range(HOP_LENGTH):
        total += magnitude[shift : shift + len(total)]
    return start + int(total.argmin())


def _mirrored(samples: DiskSamples, start: int, stop: int) -> np.ndarray:
    """Samples from `start` to `stop`, both of which may lie outside, float64."""
    period = 2 * (len(samples) - 1)
    places = np.arange(start, stop) % period
    places = np.minimum(places, period - places)
    first = int(places.min())
    inside: np.ndarray = samples.read(first, int(places.max()) + 1)[places - first]
    return inside
