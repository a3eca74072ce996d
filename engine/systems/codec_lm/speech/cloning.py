"""What a run generates: clones of clips, and fixed texts; only the weights change them."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from math import ceil

import numpy as np
from attrs import asdict, field, frozen
from transformers import HiggsAudioV2ForConditionalGeneration

from engine.analysis.codec.audio_codec import AudioCodec
from engine.files.checksum import digest_of
from engine.systems.codec_lm.data.dataset import CloningClips
from engine.systems.codec_lm.recipe import Speech
from engine.systems.codec_lm.speech.generate import Generated, generate
from engine.systems.codec_lm.speech.prompts import (
    Prompt,
    prompt_of_clip,
    prompt_of_text,
    spread_clips,
)
from engine.systems.codec_lm.speech.sampling import sampling_of
from engine.systems.codec_lm.speech.speaker_match import SpeakerMatch, some_speakers

ClipsAndTexts = tuple[CloningClips, Sequence[str]]
"""Clips and their transcripts."""


@frozen(eq=False)
class Clone:
    """A prompt, and what was generated with one seed."""

    prompt: Prompt
    seed: int
    generated: Generated
    audio: np.ndarray
    """float32 [samples] at the codec's rate."""


@frozen(eq=False, slots=False)
class ClipSource:
    """Clips whose speakers are cloned."""

    clips: CloningClips
    texts: Sequence[str]
    """Transcripts of the clips."""
    match: SpeakerMatch | None
    """Identifies speakers; None where there is only one."""

    def prompts(self, places: Sequence[int]) -> list[Prompt]:
        """Prompts that repeat the texts of clips."""
        return [prompt_of_clip(self.clips, self.texts[place], place) for place in places]

    def speaker(self, clone: Clone) -> str:
        """The speaker whose voice a clone should have."""
        return self.clips.speakers[clone.prompt.reference]

    def nearest_speaker(self, clone: Clone) -> str | None:
        """The speaker whose voice a clone has; None where there is only one speaker."""
        if self.match is None:
            return None
        return self.match.nearest(clone.audio, self.speaker(clone), clone.prompt.reference)


@frozen(eq=False, slots=False, kw_only=True)
class Cloning:
    """The clips and texts that a run generates, which depend on nothing but the weights."""

    speech: Speech
    codec: AudioCodec
    evaluation: ClipSource
    training: ClipSource
    texts: Sequence[tuple[str, Sequence[int]]] = field(factory=list)
    """The recipe's texts, with their token ids."""

    @property
    def max_frames(self) -> int:
        """Frames after which generation is cut off."""
        return ceil(self.speech.max_seconds * self.codec.frames_per_second)

    @cached_property
    def said_again(self) -> list[Prompt]:
        """Evaluation clips that are measured."""
        source = self.evaluation
        return source.prompts(spread_clips(source.clips, self.speech.num_clips))

    @cached_property
    def seen(self) -> list[Prompt]:
        """Clips of trained speakers, of as many speakers as evaluation has, for comparison."""
        source = self.training
        if source.match is None:
            return []
        places = [i for i, one in enumerate(source.clips.speakers) if one in source.match.speakers]
        chosen = spread_clips(source.clips.only(np.array(places)), self.speech.num_clips)
        return source.prompts([places[place] for place in chosen])

    @cached_property
    def spoken(self) -> list[Prompt]:
        """The recipe's texts, in the voice of the longest reference of evaluation."""
        clips = self.evaluation.clips
        return [prompt_of_text(clips, *text, number) for number, text in enumerate(self.texts, 1)]

    def clones(
        self,
        model: HiggsAudioV2ForConditionalGeneration,
        prompts: Sequence[Prompt],
        seeds: Sequence[int],
    ) -> Iterator[Clone]:
        """The clones of a model for each prompt and each seed."""
        sampling = sampling_of(self.speech)
        for seed in seeds:
            pieces = [prompt.pieces for prompt in prompts]
            made = generate(model, pieces, sampling, seed, self.max_frames)
            for prompt, one in zip(prompts, made, strict=True):
                yield Clone(prompt, seed, one, self.codec.decode(one.codes).numpy())

    def made_of(self, prompt: Prompt, seed: int) -> str:
        """Digest of everything that a clone depends on except the weights."""
        sampling = sorted(asdict(sampling_of(self.speech)).items())
        made = [self.codec.digest, self.evaluation.clips.chat.digest, self.max_frames]
        return digest_of([prompt.digest, seed, sampling, made])


def clip_sources(
    training: ClipsAndTexts, evaluation: ClipsAndTexts, codec: AudioCodec
) -> tuple[ClipSource, ClipSource]:
    """Training and evaluation clips; both distinguish as many speakers as evaluation has."""
    number = len(set(evaluation[0].speakers))
    found = []
    for clips, texts in (training, evaluation):
        speakers = some_speakers(clips, number)
        match = SpeakerMatch(clips, codec, speakers) if len(speakers) > 1 else None
        found.append(ClipSource(clips, texts, match))
    return found[0], found[1]
