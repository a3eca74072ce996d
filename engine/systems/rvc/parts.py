"""Clips as they are evaluated: slice by slice, so that memory does not grow with a recording."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from attrs import frozen

from engine.systems.rvc.data.clips import VoiceClips, VoiceSlices


@frozen(eq=False, slots=False)
class Part:
    """A slice of a clip, of T frames, with its features. Its audio is read when it is asked for."""

    slices: VoiceSlices
    index: int
    number: int
    """Place of the slice in its clip, counted from 0."""

    @property
    def name(self) -> str:
        """The id of the slice."""
        return self.slices.ids[self.index]

    @property
    def clip(self) -> str:
        """The id of its clip."""
        return self.name.rpartition(", slice ")[0]

    @property
    def num_frames(self) -> int:
        """T."""
        return int(self.slices.frames[self.index])

    @property
    def speaker(self) -> int:
        """Number of the speaker, where it is a trained one."""
        return int(self.slices.speakers[self.index])

    @property
    def seed(self) -> int:
        """A random seed that depends on the audio alone, not on its corpus or place."""
        return int.from_bytes(self.slices.digests[self.index, :6].tobytes()) + self.number

    @cached_property
    def audio(self) -> np.ndarray:
        """Samples float32 [T * hop] at the model's rate."""
        return self.slices.audio(self.index)

    @cached_property
    def content(self) -> np.ndarray:
        """Content features float32 [T, dim]."""
        return self.slices.features(self.index)

    @property
    def f0(self) -> np.ndarray | None:
        """Measured pitch in Hz, float32 [T], 0 where there is no voice; None without pitch."""
        if not self.slices.has_pitch:
            return None
        hertz: np.ndarray = self.slices.pitch[self.index][: self.num_frames]
        return hertz

    @property
    def overlap(self) -> int:
        """Samples at its beginning that the slice before it has too."""
        if self.number == 0:
            return 0
        before, own = self.slices.slices[self.index - 1 : self.index + 1]
        return max(0, int(before["stop"]) - int(own["start"]))


def parts_of(clips: VoiceClips, place: int) -> list[Part]:
    """The slices of a clip, in their order."""
    indices = clips.slices_of(place)
    return [Part(clips.slices, index, number) for number, index in enumerate(indices)]


def joined(parts: Sequence[Part], audio: Sequence[np.ndarray]) -> np.ndarray:
    """Audio of a clip's slices, [samples] each, joined [samples]: overlaps are used once."""
    pairs = zip(parts, audio, strict=True)
    return np.concatenate([samples[min(part.overlap, len(samples)) :] for part, samples in pairs])


def joined_f0(parts: Sequence[Part], f0: Sequence[np.ndarray]) -> np.ndarray:
    """The pitch of a clip's slices, [frames] each, joined [frames]: overlaps are used once."""
    hop = parts[0].slices.hop_length
    pairs = zip(parts, f0, strict=True)
    return np.concatenate([hertz[round(part.overlap / hop) :] for part, hertz in pairs])
