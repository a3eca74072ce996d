"""Utterances for the loop: text tokens, audio codes, and an excerpt to condition on."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TypeVar

import numpy as np
import torch
from attrs import evolve, frozen
from torch import Tensor

from engine.corpus import PackedAudio
from engine.corpus.audio.pcm import FULL_SCALE
from engine.system_support.corpus_clips import CorpusClipSet
from engine.systems.xtts.data.audio_codes import as_waveform
from engine.systems.xtts.recipe import SAMPLE_RATE_HZ, Dataset

_T = TypeVar("_T")


@frozen(kw_only=True, eq=False)
class XttsClips(CorpusClipSet):
    """A set of clips. A batch holds, each padded with zeros on the right, of B clips

    `text` [B, T] and `codes` [B, C] (int64, without START and STOP), `voice` [B, samples] (float32
    at 22,050 Hz), and the length of each as `text_lengths`, `code_lengths`, `voice_lengths` [B].
    """

    tokens: tuple[np.ndarray, ...]
    codes: tuple[np.ndarray, ...]
    speakers: tuple[str, ...]
    """The speaker of each clip; empty where it is not known."""
    packed: PackedAudio
    dataset: Dataset

    def only(self, places: np.ndarray) -> "XttsClips":
        """The set that holds the clips at `places` of this one, in their order."""

        def of(column: tuple[_T, ...]) -> tuple[_T, ...]:
            return tuple(column[place] for place in places.tolist())

        chosen = super().only(places)
        tokens, codes, speakers = of(self.tokens), of(self.codes), of(self.speakers)
        return evolve(chosen, tokens=tokens, codes=codes, speakers=speakers)

    @property
    def lengths(self) -> np.ndarray:
        """Number of tokens of each clip, text and audio together, int64 [clips]."""
        return np.array([len(t) + len(c) for t, c in zip(self.tokens, self.codes, strict=True)])

    @cached_property
    def voices(self) -> list[list[int]]:
        """For each clip, the clips of its speaker, itself included, ascending.

        Clips of one speaker share a list: with a list each, 20,000 clips would take 3 GB.
        """
        if self.dataset.conditioning == "same_clip":
            return [[index] for index in range(len(self))]
        known: list[str | int] = [speaker or at for at, speaker in enumerate(self.speakers)]
        by_voice: dict[str | int, list[int]] = {voice: [] for voice in known}
        for index, voice in enumerate(known):
            by_voice[voice].append(index)
        return [by_voice[voice] for voice in known]

    def batch(self, indices: Sequence[int], random: np.random.Generator) -> dict[str, Tensor]:
        """The clips at `indices`, with excerpts of their voices that are drawn from `random`.

        Their length is drawn once for a batch: excerpts of one length are encoded together.
        """
        conditioned = [self._conditioned_on(index, random) for index in indices]
        shortest, longest = (round(s * SAMPLE_RATE_HZ) for s in self.dataset.conditioning_seconds)
        wanted = int(random.integers(shortest, longest + 1))

        def excerpt(index: int, itself: bool) -> np.ndarray:
            there, length = self._num_samples(index), wanted
            if there <= wanted:  # half of a short clip, as upstream
                length = there // 2 if itself else there
            start = int(random.integers(there - length + 1))
            return self.packed.read(int(self.rows[index]), start, start + length)

        return self._batch(indices, conditioned, excerpt)

    def evaluated(self, indices: Sequence[int]) -> dict[str, Tensor]:
        """The clips at `indices` without randomness: conditioned on the first seconds of a clip."""
        wanted = round(sum(self.dataset.conditioning_seconds) / 2 * SAMPLE_RATE_HZ)
        conditioned = [self._conditioned_on(index) for index in indices]
        return self._batch(
            indices,
            conditioned,
            lambda index, _: self.packed.read(
                int(self.rows[index]), 0, min(wanted, self._num_samples(index))
            ),
        )

    def conditioned_by(self, index: int) -> int:
        """The clip that the one at `index` is conditioned on in evaluation."""
        return self._conditioned_on(index)

    def audio(self, index: int) -> Tensor:
        """A clip's waveform [samples] in -1..1."""
        return as_waveform(self.packed.read(int(self.rows[index])))

    def excerpt_like(self, excerpt: Tensor, index: int) -> Tensor:
        """The excerpt [samples] itself where it is of a clip of the voice at `index`.

        Else the beginning of the first such clip.
        """
        wanted = np.rint(excerpt.numpy() * FULL_SCALE).clip(-FULL_SCALE, FULL_SCALE - 1)
        content = wanted.astype(np.int16).tobytes()
        clips = (self.packed.read(int(self.rows[other])) for other in self.voices[index])
        if any(content in clip.tobytes() for clip in clips):
            return as_waveform(wanted.astype(np.int16))
        first = self.packed.read(int(self.rows[self.voices[index][0]]))
        return as_waveform(np.resize(first, len(excerpt)))

    def codes_of(self, index: int) -> Tensor:
        """A clip's audio codes, int64 [codes]."""
        return torch.from_numpy(self.codes[index].astype(np.int64))

    def _conditioned_on(self, index: int, random: np.random.Generator | None = None) -> int:
        """Another clip of the same voice, the first or a drawn one; itself where there is none."""
        voice = self.voices[index]
        if len(voice) == 1:
            return index
        place = 0 if random is None else int(random.integers(len(voice) - 1))
        return voice[place] if voice[place] < index else voice[place + 1]  # itself is passed over

    def _num_samples(self, index: int) -> int:
        return int(self.packed.lengths[self.rows[index]])

    def _batch(
        self,
        indices: Sequence[int],
        conditioned: Sequence[int],
        excerpt: Callable[[int, bool], np.ndarray],
    ) -> dict[str, Tensor]:
        pairs = zip(indices, conditioned, strict=True)
        voices = [as_waveform(excerpt(other, other == index)) for index, other in pairs]
        text = [torch.from_numpy(self.tokens[index].astype(np.int64)) for index in indices]
        codes = [self.codes_of(index) for index in indices]
        parts = {"text": text, "code": codes, "voice": voices}
        made = {name: _padded(rows) for name, rows in parts.items()}
        lengths = {
            f"{name}_lengths": torch.tensor([len(row) for row in rows])
            for name, rows in parts.items()
        }
        return {"text": made["text"], "codes": made["code"], "voice": made["voice"], **lengths}


def voice_notes(*sets: XttsClips) -> list[str]:
    """A sentence on the clips that others are conditioned on; none where each is its own."""
    voices = [clips.voices for clips in sets if clips.dataset.conditioning == "same_speaker"]
    if not voices:
        return []
    alone = sum(len(voice) == 1 for each in voices for voice in each)
    others = sum(map(len, voices)) - alone
    return [
        f"Conditioned on another clip of its speaker: {others:,} clips; on themselves: {alone:,} "
        "(a speaker's only clip in its set, or of no known speaker)."
    ]


def _padded(rows: Sequence[Tensor]) -> Tensor:
    return torch.nn.utils.rnn.pad_sequence(list(rows), batch_first=True)
