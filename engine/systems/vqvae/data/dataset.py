"""Clips as mel spectrograms, computed once for the whole corpus and read from a memory map."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from attrs import evolve, frozen
from torch import Tensor

from engine.corpus import Corpus, PackedAudio
from engine.evaluation.audio import SPAN
from engine.evaluation.digests import as_digests
from engine.features.cache import cached_array
from engine.split.columns import span_of
from engine.systems.vqvae.data.frontend import FrontEnd
from engine.systems.vqvae.shapes import NUM_FRAMES, NUM_MELS

FRONT_END_VERSION = 1
"""Raised when the same settings would give other decibels."""

_CLIPS_AT_ONCE = 32


def corpus_mels(corpus: Corpus, front_end: FrontEnd, folder: Path) -> np.ndarray:
    """Mel spectrograms of a corpus in dB, float16 [clips, NUM_MELS, NUM_FRAMES], manifest order.

    Half precision errs by 0.03 dB at most. Kept below `folder`.
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
    known = [(clip.id, clip.sha256, span_of(clip)) for clip in corpus.manifest.clips]
    ids = tuple(id_ for id_, _, _ in known)
    digests = as_digests(word for _, word, _ in known)
    spans = np.array([span for _, _, span in known], SPAN)
    return VqvaeClips(ids, np.arange(len(ids)), digests, spans, mels, num_samples)


@frozen
class VqvaeClips:
    """A set of clips for the loop. All are equally long: windows of one second.

    A batch has two entries, the same tensor: what the network reads (`mel_db`) and what it is
    compared with (`target_db`), float32 [B, 1, NUM_MELS, NUM_FRAMES] in dB, so that preflight can
    swap one and leave the other.
    """

    ids: tuple[str, ...]
    rows: np.ndarray
    """Each clip's row in `mels`."""
    digests: np.ndarray
    """SHA-256 of each clip's decoded audio, uint8 [clips, 32]."""
    spans: np.ndarray
    """Where in which file each clip lies, SPAN [clips]."""
    mels: np.ndarray
    """Mel spectrograms of the corpus, as `corpus_mels` gives them."""
    num_samples: int

    def only(self, places: np.ndarray) -> "VqvaeClips":
        """The set that holds the clips at `places` of this one, in their order."""
        ids = tuple(self.ids[place] for place in places.tolist())
        digests, spans = self.digests[places], self.spans[places]
        return evolve(self, ids=ids, rows=self.rows[places], digests=digests, spans=spans)

    @property
    def lengths(self) -> np.ndarray:
        """Each clip's length in samples."""
        return np.full(len(self.ids), self.num_samples)

    def __len__(self) -> int:
        return len(self.ids)

    def mel_db(self, indices: Sequence[int]) -> Tensor:
        """The clips at `indices`, float32 [B, 1, NUM_MELS, NUM_FRAMES] in dB."""
        return torch.from_numpy(self.mels[self.rows[indices]][:, None]).float()

    def batch(self, indices: Sequence[int], random: np.random.Generator) -> dict[str, Tensor]:  # noqa: ARG002
        """The clips at `indices` as a batch; nothing about them is random."""
        mel_db = self.mel_db(indices)
        return {"mel_db": mel_db, "target_db": mel_db}
