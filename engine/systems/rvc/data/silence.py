"""Where a recording is cut at silence: the rule of the slicer that RVC uses (openvpi's Slicer 2).

Levels are of frames of 15 ms, each over a window of 60 ms.
"""

from collections.abc import Iterator

import numpy as np
from attrs import frozen

_THRESHOLD = 10 ** (-42 / 20)
_HOP_SECONDS = 0.015
_LEAST_SECONDS = 1.5
"""Shortest length between two cuts."""
_LEAST_SILENCE_SECONDS = 0.4
_KEPT_SECONDS = 0.5
"""Longest silence that is kept at each side of a cut."""
_WINDOW_HOPS = 4

Range = tuple[int, int]


@frozen
class SilenceSlicer:
    """The rule at one sample rate. A recording shorter than the shortest part stays whole."""

    sample_rate_hz: int

    @property
    def hop(self) -> int:
        """Samples of a frame."""
        return round(self.sample_rate_hz * _HOP_SECONDS)

    def levels(self, energies: np.ndarray, num_samples: int) -> np.ndarray:
        """RMS of every frame, of the energy of each hop; frame i is centred on sample i * hop."""
        padded = np.zeros(num_samples // self.hop + 1 + _WINDOW_HOPS - 1)
        half = _WINDOW_HOPS // 2
        padded[half : half + len(energies)] = energies
        windows = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW_HOPS)
        rms: np.ndarray = np.sqrt(windows.sum(axis=1) / (_WINDOW_HOPS * self.hop))
        return rms

    def is_silent(self, levels: np.ndarray) -> bool:
        """Whether every frame is below the level at which cuts are made."""
        return bool((levels < _THRESHOLD).all())

    def ranges(self, levels: np.ndarray, num_samples: int) -> list[Range]:
        """The samples between cuts, as (start, stop), ascending and without overlap."""
        if num_samples <= self._frames(_LEAST_SECONDS):  # upstream compares samples with frames
            return [(0, num_samples)]
        cuts = [*self._cuts(levels)]
        edges = [0, *(frame for cut in cuts for frame in cut), len(levels)]
        samples = [min(frame * self.hop, num_samples) for frame in edges]
        between = zip(samples[::2], samples[1::2], strict=True)
        return [(start, stop) for start, stop in between if start < stop]

    def _frames(self, seconds: float) -> int:
        return round(self.sample_rate_hz * seconds / self.hop)

    def _cuts(self, levels: np.ndarray) -> Iterator[Range]:
        """Silence that is taken out, as frames; both ends are the quietest near by."""
        kept, begun = self._frames(_KEPT_SECONDS), 0
        shortest = self._frames(_LEAST_SILENCE_SECONDS)
        for start, stop in _runs(levels < _THRESHOLD):
            if stop == len(levels):
                if stop - start >= shortest:
                    yield _quietest(levels, start, start + kept), stop
                return
            leads = start == 0 and stop > kept
            if leads or (stop - start >= shortest and stop - begun >= self._frames(_LEAST_SECONDS)):
                cut = _cut(levels, start, stop, kept)
                yield cut
                begun = cut[1]


def _cut(levels: np.ndarray, start: int, stop: int, kept: int) -> Range:
    """The frames that are cut out of a silence in frames [start, stop) before sound."""
    if stop - start <= kept:
        quietest = _quietest(levels, start, stop)
        return quietest, quietest
    left = _quietest(levels, start, start + kept)
    right = _quietest(levels, stop - kept, stop)
    if start == 0:
        return 0, right
    if stop - start <= 2 * kept:
        middle = _quietest(levels, stop - kept, start + kept)
        return min(left, middle), max(right, middle)
    return left, right


def _quietest(levels: np.ndarray, first: int, last: int) -> int:
    """The quietest of frames first to last, the first of several."""
    return first + int(levels[first : last + 1].argmin())


def _runs(silent: np.ndarray) -> Iterator[Range]:
    """Where frames in a row are silent, as (start, stop)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], silent, [False]])))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
