"""Slices of recordings: parts of a few seconds, at one level, without silence."""

from collections.abc import Iterator
from typing import Final, Literal

import numpy as np
import soxr
from attrs import frozen

from engine.corpus import PackedAudio
from engine.systems.rvc.data.high_pass import ORDER, HighPassed
from engine.systems.rvc.data.silence import Range, SilenceSlicer
from engine.systems.rvc.dataset_table import FEATURE_RATE_HZ, FRAMES_A_SECOND, Dataset

_OVERLAP_SECONDS = 0.3
_SHORTEST_SECONDS = 0.5
"""Shorter parts are widened, so that a clip's last words are used and HuBERT gets enough."""
_SPARE_FRAMES = 4
"""Frames that a slice has beyond a segment: features may have two fewer than the audio."""
_BLOCK_HOPS = 64
_LOUDEST_PEAK = 2.5
_QUIETEST_PEAK = 1e-3
"""-60 dBFS, after the high-pass."""
_PEAK, _SHARE = 0.9, 0.75

SLICE: Final = np.dtype(
    [
        ("clip", "<i4"),  # place among the clips that were cut
        ("start", "<i8"),
        ("stop", "<i8"),  # samples of the clip; behind its end there is silence
        ("samples_16k", "<i4"),  # samples at 16,000 Hz
        ("gain", "<f8"),
        ("state", "<f8", (ORDER,)),  # of the high-pass before the first sample
    ]
)

Reason = Literal["silent", "peak above 2.5"]


@frozen
class Slicing:
    """How recordings are cut, in samples of the model's rate. It pickles."""

    sample_rate_hz: int
    slice_seconds: float
    shortest: int

    @classmethod
    def of(cls, dataset: Dataset) -> "Slicing":
        """The slicing of a recipe's dataset table."""
        least = max(_SHORTEST_SECONDS, (dataset.segment_frames + _SPARE_FRAMES) / FRAMES_A_SECOND)
        rate = dataset.sample_rate_hz
        return cls(rate, dataset.slice_seconds, round(least * rate))

    def windows(self, start: int, stop: int) -> Iterator[Range]:
        """Parts of [start, stop): windows that overlap by 0.3 s; the last may be a little longer.

        The numbers are upstream's, which rounds down.
        """
        step, rate = self.slice_seconds - _OVERLAP_SECONDS, self.sample_rate_hz
        longest = (self.slice_seconds + _OVERLAP_SECONDS) * rate
        number, at = 0, start
        while stop - at > longest:
            yield at, at + int(self.slice_seconds * rate)
            number += 1
            at = start + int(rate * step * number)
        yield at, stop

    def widened(self, start: int, stop: int) -> Range:
        """A part of at least the shortest length, widened to the left, then by silence."""
        start = max(0, min(start, stop - self.shortest))
        return start, max(stop, start + self.shortest)


@frozen
class Dropped:
    """A part of a clip that is not used."""

    clip: int
    """Place among the clips that were cut."""
    start: int
    stop: int
    reason: Reason
    found: str


def slice_clip(
    packed: PackedAudio, row: int, clip: int, slicing: Slicing
) -> Iterator[tuple[np.ndarray, np.ndarray] | Dropped]:
    """The slices of a clip, each a SLICE with its float32 samples at 16,000 Hz; or the reasons.

    A clip that is silent throughout has no slice: upstream keeps its first half second.
    """
    audio, slicer = HighPassed(packed, row), SilenceSlicer(packed.sample_rate_hz)
    length = slicer.hop * _BLOCK_HOPS
    energies, states = _measured(audio, slicer.hop, length)
    levels = slicer.levels(energies, audio.num_samples)
    if slicer.is_silent(levels):
        yield Dropped(clip, 0, audio.num_samples, "silent", f"RMS {levels.max():.2g} at most")
        return
    ranges = slicer.ranges(levels, audio.num_samples)
    parts = (part for start, stop in ranges for part in slicing.windows(start, stop))
    for start, stop in (slicing.widened(*part) for part in parts):
        block = start // length
        state = states[block]
        if start > block * length:
            _, state = audio.read(block * length, start, state)
        samples = _padded(audio.read(start, stop, state)[0], stop - start)
        peak = float(np.abs(samples).max())
        if wrong := _wrong(peak):
            yield Dropped(clip, start, stop, *wrong)
            continue
        gain = _PEAK * _SHARE / peak + (1 - _SHARE)
        at_16k = at_feature_rate((samples * gain).astype(np.float32), packed.sample_rate_hz)
        yield np.array((clip, start, stop, len(at_16k), gain, state), SLICE), at_16k


def slice_audio(packed: PackedAudio, row: int, part: np.ndarray) -> np.ndarray:
    """A slice's samples at the model's rate, float32, from packed audio."""
    start, stop = int(part["start"]), int(part["stop"])
    samples, _ = HighPassed(packed, row).read(start, stop, part["state"])
    levelled: np.ndarray = (_padded(samples, stop - start) * part["gain"]).astype(np.float32)
    return levelled


def at_feature_rate(samples: np.ndarray, sample_rate_hz: int) -> np.ndarray:
    """Float32 samples at 16,000 Hz."""
    at_16k: np.ndarray = soxr.resample(samples, sample_rate_hz, FEATURE_RATE_HZ)
    return at_16k


def _measured(audio: HighPassed, hop: int, length: int) -> tuple[np.ndarray, list[np.ndarray]]:
    """The energy of each hop of a clip, and the filter's state before each block."""
    energies, states = [np.zeros(0)], []
    for samples, state in audio.blocks(length):
        whole = _padded(samples, -(-len(samples) // hop) * hop)
        energies.append(np.square(whole).reshape(-1, hop).sum(axis=1))
        states.append(state)
    return np.concatenate(energies), states


def _wrong(peak: float) -> tuple[Reason, str] | None:
    if peak <= _QUIETEST_PEAK:
        return "silent", f"peak {peak:.2g}"
    if peak > _LOUDEST_PEAK:
        return "peak above 2.5", f"peak {peak:.2g}"
    return None


def _padded(samples: np.ndarray, length: int) -> np.ndarray:
    return np.pad(samples, (0, length - len(samples)))
