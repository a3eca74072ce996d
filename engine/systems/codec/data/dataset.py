"""Crops for training and whole clips for evaluation, straight from packed audio."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from attrs import frozen
from torch import Tensor

from engine.corpus import Corpus, PackedAudio
from engine.system_support.corpus_clips import CorpusClipSet
from engine.systems.codec.data.level import Samples, crop_gains, whole_gain
from engine.systems.codec.data.phase_rotation import turn_phase
from engine.systems.codec.recipe import AsRecorded, Dataset, Loudness, Rms

_TRIES = 8
_SALIENT_RMS = 10 ** (-40 / 20)
_FULL_SCALE = 32768
_AT_ONCE = 1 << 20


def all_clips(corpus: Corpus, dataset: Dataset) -> "CodecClips":
    """Every clip of a corpus, in manifest order.

    Raises UserError where the corpus is not packed at the dataset's sample rate.
    """
    packed = corpus.packed(dataset.sample_rate_hz)
    gains = np.full(len(packed), np.nan)
    return CodecClips.of_corpus(corpus, packed=packed, dataset=dataset, gains=gains)


@frozen(kw_only=True, eq=False)
class CodecClips(CorpusClipSet):
    """A set of clips for the loop: random crops as batches, and each clip as a whole.

    A batch has two entries, the same tensor: the network's input (`audio`) and the audio that its
    output is compared with (`target`), float32 [B, 1, T], so that preflight can swap one.
    """

    packed: PackedAudio
    dataset: Dataset
    gains: np.ndarray
    """The gain of each whole clip of `packed`, NaN where it was not measured yet; sets that are
    parts of one corpus share this array."""

    @property
    def crop_length(self) -> int:
        """Number of samples of a crop."""
        return round(self.dataset.segment_seconds * self.dataset.sample_rate_hz)

    @property
    def lengths(self) -> np.ndarray:
        """Number of samples that a batch holds of each clip: always a crop."""
        return np.full(len(self.ids), self.crop_length)

    @property
    def num_samples(self) -> np.ndarray:
        """Each clip's own length in samples, int64."""
        lengths: np.ndarray = self.packed.lengths[self.rows]
        return lengths

    @property
    def num_shorter(self) -> int:
        """Number of clips shorter than a crop, which are padded with silence."""
        return int((self.num_samples < self.crop_length).sum())

    def audio(self, index: int) -> Samples:
        """A whole clip, float32 [samples], at the recipe's level."""
        row = int(self.rows[index])
        samples = _as_float(self.packed.read(row))
        samples *= np.float32(self._gain(row))
        return samples

    def batch(self, indices: Sequence[int], random: np.random.Generator) -> dict[str, Tensor]:
        """A crop [B, 1, T] of each clip at `indices`; every choice is drawn from `random`."""
        crops = np.zeros((len(indices), self.crop_length), np.float32)
        for crop, index in zip(crops, indices, strict=True):
            row = int(self.rows[index])
            self._cut(row, crop, random)
            if isinstance(self.dataset.level, Rms):
                crop *= np.float32(self._gain(row))
        if isinstance(self.dataset.level, Loudness):
            crops *= crop_gains(crops, self.dataset.level, self.dataset.sample_rate_hz)[:, None]
        if self.dataset.phase_rotation == "random":
            crops = turn_phase(crops, random.uniform(-np.pi, np.pi, len(crops)))
        audio = torch.from_numpy(crops)[:, None]
        return {"audio": audio, "target": audio}

    def _cut(self, row: int, crop: Samples, random: np.random.Generator) -> None:
        """Fill `crop` [T] from a random place in a clip; for salient crops, from a loud place.

        Of up to eight places the first that is loud enough is taken, or else the loudest.
        """
        room = int(self.packed.lengths[row]) - len(crop)
        if room <= 0:
            crop[: room + len(crop)] = _as_float(self.packed.read(row))
            return
        tries = _TRIES if self.dataset.crops == "salient" else 1
        loudest, enough = -1.0, len(crop) * _SALIENT_RMS**2
        for _ in range(tries):
            start = int(random.integers(room + 1))
            samples = _as_float(self.packed.read(row, start, start + len(crop)))
            energy = float(samples @ samples) if tries > 1 else enough
            if energy > loudest:
                loudest, crop[:] = energy, samples
            if energy >= enough:
                return

    def _gain(self, row: int) -> float:
        """The gain that brings a whole clip to the recipe's level; measured once, when needed."""
        level = self.dataset.level
        if isinstance(level, AsRecorded):
            return 1.0
        if np.isnan(self.gains[row]):
            self.gains[row] = whole_gain(self._blocks(row), level, self.dataset.sample_rate_hz)
        return float(self.gains[row])

    def _blocks(self, row: int) -> Iterator[Samples]:
        length = int(self.packed.lengths[row])
        for start in range(0, length, _AT_ONCE):
            yield _as_float(self.packed.read(row, start, min(start + _AT_ONCE, length)))


def _as_float(samples: np.ndarray) -> Samples:
    as_float: Samples = samples * np.float32(1 / _FULL_SCALE)
    return as_float
