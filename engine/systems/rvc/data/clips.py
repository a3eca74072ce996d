"""Recordings for the loop: slices in batches for training, whole clips for evaluation."""

from collections.abc import Sequence
from hashlib import sha256

import numpy as np
import torch
from attrs import evolve, frozen
from torch import Tensor

from engine.analysis.pitch.coarse import coarse_bins, interpolate_unvoiced
from engine.corpus import PackedAudio
from engine.evaluation.audio import SPAN
from engine.evaluation.digests import as_digests
from engine.system_support.corpus_clips import CorpusClipSet
from engine.systems.rvc.data.slices import SLICE, slice_audio
from engine.systems.rvc.data.stored_content import StoredContent
from engine.systems.rvc.dataset_table import FRAMES_A_SECOND, Dataset

_NO_ROW = -1
"""Span of a slice of silence, which is in no clip."""
_PADDED_BIN = 1


@frozen(kw_only=True, eq=False)
class VoiceSlices(CorpusClipSet):
    """Slices of clips; `rows` and `digests` are their clips', `spans` their own.

    A batch of B slices, the longest of T frames, holds, padded on the right: `content`
    [B, T, dim], `audio` [B, 1, T * hop], `lengths` (frames), `speaker` (its number) and
    `crop_starts` [B], the frame at which the part that is decoded begins; with pitch, also `f0`
    [B, T] in Hz (0.0 without voice, unless it is interpolated) and `f0_coarse` [B, T] (1 to 255).
    """

    slices: np.ndarray
    """SLICE [slices]; "clip" counts through the clips they were cut from."""
    frames: np.ndarray
    """Number of frames that audio, pitch and content have in common, int64 [slices]."""
    speakers: np.ndarray
    """Numbers of the slices' speakers, int64 [slices]."""
    pitch: tuple[np.ndarray, ...]
    """Hz of each slice's frames as measured, 0.0 without voice; empty arrays without pitch."""
    content: StoredContent
    """Features [frames of 20 ms, dim] of each slice, in half precision."""
    packed: PackedAudio
    dataset: Dataset

    @property
    def lengths(self) -> np.ndarray:
        """Number of frames of each slice, int64 [slices]."""
        return self.frames

    @property
    def hop_length(self) -> int:
        """Samples of a frame."""
        return self.dataset.sample_rate_hz // FRAMES_A_SECOND

    @property
    def has_pitch(self) -> bool:
        """Whether pitch was measured."""
        return any(map(len, self.pitch))

    def only(self, places: np.ndarray) -> "VoiceSlices":
        """The slices at `places` of this set, in their order."""
        return evolve(
            super().only(places),
            slices=self.slices[places],
            frames=self.frames[places],
            speakers=self.speakers[places],
            pitch=tuple(self.pitch[place] for place in places.tolist()),
            content=self.content.only(places),
        )

    def batch(self, indices: Sequence[int], random: np.random.Generator) -> dict[str, Tensor]:
        """The slices at `indices`, each with a segment of them that is drawn from `random`."""
        room = self.frames[list(indices)] - self.dataset.segment_frames
        return self._batch(indices, random.integers(0, room + 1))

    def evaluated(self, indices: Sequence[int]) -> dict[str, Tensor]:
        """The slices at `indices` as a batch without randomness: segments begin at frame 0."""
        return self._batch(indices, np.zeros(len(indices), np.int64))

    def audio(self, index: int) -> np.ndarray:
        """A slice's samples at the model's rate, float32 [frames * hop], as the networks take it.

        Read from packed audio, filtered and brought to its level; nothing is decoded.
        """
        length = int(self.frames[index]) * self.hop_length
        row = int(self.rows[index])
        if row == _NO_ROW:
            return np.zeros(length, np.float32)
        return slice_audio(self.packed, row, self.slices[index])[:length]

    def f0(self, index: int) -> np.ndarray:
        """A slice's pitch as the networks take it, float32 Hz [frames]."""
        hertz = self.pitch[index]
        if self.dataset.unvoiced == "interpolate":
            hertz = interpolate_unvoiced(hertz)
        return hertz[: self.frames[index]]

    def features(self, index: int) -> np.ndarray:
        """A slice's content, float32 [frames, dim]: each of 50 a second stands for two frames."""
        stored = self.content[index].astype(np.float32)
        return np.repeat(stored, 2, axis=0)[: self.frames[index]]

    def with_silence(self, number: int, features: np.ndarray) -> "VoiceSlices":
        """The slices plus `number` slices of silence for each speaker, with these features."""
        added = [
            (f"silence {count + 1}, speaker {speaker}", speaker)
            for speaker in np.unique(self.speakers).tolist()
            for count in range(number)
        ]
        names, speakers = [name for name, _ in added], [speaker for _, speaker in added]
        frames = 2 * len(features)
        hertz = np.zeros(frames if self.has_pitch else 0, np.float32)
        digest = sha256(np.zeros(frames * self.hop_length, "<i2").tobytes()).hexdigest()
        return evolve(
            self,
            ids=(*self.ids, *names),
            rows=np.append(self.rows, np.full(len(added), _NO_ROW)),
            digests=np.concatenate([self.digests, as_digests([digest] * len(added))]),
            spans=np.concatenate([self.spans, np.zeros(len(added), SPAN)]),
            slices=np.concatenate([self.slices, np.zeros(len(added), SLICE)]),
            frames=np.append(self.frames, np.full(len(added), frames)),
            speakers=np.append(self.speakers, np.array(speakers, np.int64)),
            pitch=(*self.pitch, *[hertz] * len(added)),
            content=self.content.followed_by([features] * len(added)),
        )

    def _batch(self, indices: Sequence[int], crop_starts: np.ndarray) -> dict[str, Tensor]:
        lengths = self.frames[list(indices)]
        batch = {
            "content": _padded([self.features(index) for index in indices]),
            "audio": _padded([self.audio(index) for index in indices])[:, None],
            "lengths": torch.from_numpy(lengths),
            "speaker": torch.from_numpy(self.speakers[list(indices)]),
            "crop_starts": torch.from_numpy(crop_starts),
        }
        if self.has_pitch:
            pitch = [self.f0(index) for index in indices]
            batch["f0"] = _padded(pitch)
            batch["f0_coarse"] = _padded([coarse_bins(hertz) for hertz in pitch], _PADDED_BIN)
        return batch


@frozen(kw_only=True, eq=False)
class VoiceClips(CorpusClipSet):
    """Whole clips of a corpus, each with its slices."""

    slices: VoiceSlices
    """Slices of all clips, in the order of the clips."""
    firsts: np.ndarray
    """The place of each clip's first slice, and behind the last: int64 [clips + 1]."""

    @property
    def lengths(self) -> np.ndarray:
        """Number of frames of each clip's slices together."""
        sums: np.ndarray = np.add.reduceat(self.slices.frames, self.firsts[:-1])
        return sums

    def slices_of(self, index: int) -> range:
        """The places of a clip's slices in `slices`."""
        return range(int(self.firsts[index]), int(self.firsts[index + 1]))

    def only(self, places: np.ndarray) -> "VoiceClips":
        """The clips at `places` of this set, in their order, with their slices."""
        slices = [np.arange(0), *(np.array(self.slices_of(place)) for place in places.tolist())]
        counts = [0, *(len(self.slices_of(place)) for place in places.tolist())]
        return evolve(
            super().only(places),
            slices=self.slices.only(np.concatenate(slices)),
            firsts=np.cumsum(counts),
        )

    def batch(self, indices: Sequence[int], random: np.random.Generator) -> dict[str, Tensor]:
        """A slice of each clip at `indices`, drawn from `random`, as `VoiceSlices` batches it."""
        drawn = [int(random.choice(self.slices_of(index))) for index in indices]
        return self.slices.batch(drawn, random)


def _padded(rows: Sequence[np.ndarray], value: float = 0.0) -> Tensor:
    tensors = [torch.from_numpy(np.ascontiguousarray(row)) for row in rows]
    return torch.nn.utils.rnn.pad_sequence(tensors, batch_first=True, padding_value=value)
