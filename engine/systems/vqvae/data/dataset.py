"""Clips as mel spectrograms, computed once for the whole corpus and read from a memory map."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from attrs import frozen
from torch import Tensor

from engine.corpus import Corpus, PackedAudio
from engine.features.cache import cached_array
from engine.system_support.corpus_clips import CorpusClipSet
from engine.systems.vqvae.data.frontend import FrontEnd
from engine.systems.vqvae.shapes import NUM_FRAMES, NUM_MELS

FRONT_END_VERSION = 1
"""Number that is raised when a change of the code gives the same settings other decibels."""

_CLIPS_AT_ONCE = 32


def corpus_mels(corpus: Corpus, front_end: FrontEnd, folder: Path) -> np.ndarray:
    """Mel spectrograms of a corpus in dB, float16 [clips, NUM_MELS, NUM_FRAMES], manifest order.

    Half precision errs by 0.03 dB at most. The file is kept below `folder`.
    """
    packed = corpus.packed(front_end.sample_rate_hz)
    digest = corpus.digest_at(front_end.sample_rate_hz)
    key = {"corpus": digest, "version": FRONT_END_VERSION, **front_end.facts}
    shape = (len(packed), NUM_MELS, NUM_FRAMES)

    def fill(mels: np.ndarray) -> None:
        for start in range(0, len(mels), _CLIPS_AT_ONCE):
            rows = range(start, min(start + _CLIPS_AT_ONCE, len(mels)))
            mels[rows.start : rows.stop] = front_end.mel_db(_waveforms(packed, front_end, rows))[
                :, 0
            ]

    return cached_array(folder, "mel_db", key, shape, "float16", fill)


def _waveforms(packed: PackedAudio, front_end: FrontEnd, rows: Sequence[int]) -> Tensor:
    return torch.from_numpy(np.stack([front_end.cut(packed.read(row)) for row in rows]))


def all_clips(corpus: Corpus, mels: np.ndarray, num_samples: int) -> "VqvaeClips":
    """Every clip of a corpus, in manifest order."""
    return VqvaeClips.of_corpus(corpus, mels=mels, num_samples=num_samples)


@frozen(kw_only=True, eq=False)
class VqvaeClips(CorpusClipSet):
    """A set of clips for the loop. All are equally long: windows of one second.

    A batch has two entries, the same tensor: the network's input (`mel_db`) and the spectrogram
    that its output is compared with (`target_db`), float32 [B, 1, NUM_MELS, NUM_FRAMES] in dB, so
    that preflight can swap one and leave the other.
    """

    mels: np.ndarray
    """Mel spectrograms of the corpus, as `corpus_mels` gives them."""
    num_samples: int

    @property
    def lengths(self) -> np.ndarray:
        """Length of each clip in samples, int64 [clips]."""
        return np.full(len(self.ids), self.num_samples)

    def mel_db(self, indices: Sequence[int]) -> Tensor:
        """The clips at `indices`, float32 [B, 1, NUM_MELS, NUM_FRAMES] in dB."""
        return torch.from_numpy(self.mels[self.rows[indices]][:, None]).float()

    def batch(self, indices: Sequence[int], random: np.random.Generator) -> dict[str, Tensor]:  # noqa: ARG002
        """The clips at `indices` as a batch; nothing about them is random."""
        mel_db = self.mel_db(indices)
        return {"mel_db": mel_db, "target_db": mel_db}
