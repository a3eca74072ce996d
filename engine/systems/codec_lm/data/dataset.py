"""Clips for the loop: text and codes of each clip and of a reference of the same speaker."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TypeVar

import numpy as np
import torch
from attrs import evolve, frozen
from torch import Tensor

from engine.evaluation.digests import keys
from engine.system_support.corpus_clips import CorpusClipSet
from engine.systems.codec_lm.data.references import (
    Candidates,
    References,
    Window,
    nearest_of_others,
)
from engine.systems.codec_lm.sequence.layout import ChatLayout

PADDING = -1
_T = TypeVar("_T")


@frozen(kw_only=True, eq=False)
class CloningClips(CorpusClipSet):
    """A set of clips. A batch of B clips holds, each padded with PADDING on the right,

    `text` and `reference_text` [B, tokens], `target` and `reference` [B, frames, K], all int64. A
    clip's lengths are its counts of entries that are not padding. The reference is another clip of
    the same speaker in this set, drawn for each batch.
    """

    texts: tuple[np.ndarray, ...]
    """Text tokens of each clip, int32 [tokens]."""
    codes: tuple[np.ndarray, ...]
    """Codes of each clip, int16 [frames, K]."""
    speakers: tuple[str, ...]
    """The speaker of each clip; empty where it is not known."""
    chat: ChatLayout
    window: Window

    def only(self, places: np.ndarray) -> "CloningClips":
        """The set that holds the clips at `places` of this one, in their order."""

        def of(column: tuple[_T, ...]) -> tuple[_T, ...]:
            return tuple(column[place] for place in places.tolist())

        texts, codes, speakers = of(self.texts), of(self.codes), of(self.speakers)
        return evolve(super().only(places), texts=texts, codes=codes, speakers=speakers)

    @cached_property
    def references(self) -> References:
        """Which clips of the set may be the reference of which."""
        return References.among(self.candidates)

    @cached_property
    def candidates(self) -> Candidates:
        """The properties of the clips that decide which may be references."""
        return Candidates.of(
            self.speakers,
            keys(self.digests),
            self.num_text_tokens,
            self.num_frames,
            self.window,
            self._of_the_chat,
        )

    @property
    def _of_the_chat(self) -> int:
        return self.chat.num_positions(0, 0, 0, 0)

    @cached_property
    def num_text_tokens(self) -> np.ndarray:
        """Number of text tokens of each clip, int64 [clips]."""
        return np.array([len(text) for text in self.texts], np.int64)

    @cached_property
    def num_frames(self) -> np.ndarray:
        """Number of frames of codes of each clip, int64 [clips]."""
        return np.array([len(codes) for codes in self.codes], np.int64)

    @cached_property
    def lengths(self) -> np.ndarray:
        """Positions of each clip's sequence, with a reference of its voice's mean length."""
        means = {id(voice): voice.costs.mean() for voice in self.references.voices if voice}
        reference = np.array([means.get(id(voice), 0.0) for voice in self.references.voices])
        lengths: np.ndarray = np.rint(self._of_the_chat + self.candidates.costs + reference)
        return lengths.astype(np.int64)

    def batch(self, indices: Sequence[int], random: np.random.Generator) -> dict[str, Tensor]:
        """The clips at `indices` as a batch, with references that are drawn from `random`."""
        return self._batch(indices, [self.references.draw(index, random) for index in indices])

    def evaluated(
        self, indices: Sequence[int], references: Sequence[int] | None = None
    ) -> dict[str, Tensor]:
        """The clips at `indices`, each with its fixed reference, or with the references given.

        The fixed reference depends on the audio of the set's clips, not on their names.
        """
        fixed = [self.fixed_references[index] for index in indices]
        return self._batch(indices, fixed if references is None else references)

    @cached_property
    def fixed_references(self) -> list[int]:
        """The reference that each clip is evaluated with."""
        return [
            self.references.choose(clip, int.from_bytes(digest[:8]))
            for clip, digest in enumerate(keys(self.digests))
        ]

    @cached_property
    def other_speakers(self) -> list[int | None]:
        """For each clip, the clip of another speaker that is nearest to its fixed reference.

        "Nearest" is in the positions it needs, and it must fit; None where no clip does.
        """
        return nearest_of_others(self.candidates, self.fixed_references)

    def reference_like(self, codes: Tensor, index: int) -> Tensor:
        """The codes [frames, K] themselves, where a clip of the speaker at `index` has them.

        Else the codes of the first such clip. They may be padded.
        """
        kept = codes[codes[:, 0] != PADDING].numpy()
        own = [at for at, who in enumerate(self.speakers) if who == self.speakers[index]]
        same = (self.codes[at] for at in own if np.array_equal(self.codes[at], kept))
        return torch.from_numpy(next(same, self.codes[own[0]]).astype(np.int64))

    def _batch(self, indices: Sequence[int], references: Sequence[int]) -> dict[str, Tensor]:
        return {
            "text": _padded([self.texts[clip] for clip in indices]),
            "reference_text": _padded([self.texts[clip] for clip in references]),
            "target": _padded([self.codes[clip] for clip in indices]),
            "reference": _padded([self.codes[clip] for clip in references]),
        }


def num_spoken(batch: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
    """How many text tokens and frames of codes each clip of a batch has, [B] each."""
    return (batch["text"] != PADDING).sum(1), (batch["target"][..., 0] != PADDING).sum(1)


def _padded(rows: Sequence[np.ndarray]) -> Tensor:
    """Rows [n, ...] as int64 [rows, greatest n, ...]."""
    padded = np.full((len(rows), max(map(len, rows)), *rows[0].shape[1:]), PADDING, np.int64)
    for row, own in zip(padded, rows, strict=True):
        row[: len(own)] = own
    return torch.from_numpy(padded)
