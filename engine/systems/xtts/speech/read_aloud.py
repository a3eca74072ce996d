"""Texts read aloud by a GPT, and what is odd about the result."""

from collections.abc import Sequence
from typing import Literal

import torch
from attrs import frozen
from torch import Tensor

from engine.systems.xtts.network.gpt import XttsGpt
from engine.systems.xtts.network.mel import ConditioningMel
from engine.systems.xtts.network.speaker_encoder import SpeakerEncoder
from engine.systems.xtts.recipe import Speech
from engine.systems.xtts.speech.decode import Sampling
from engine.systems.xtts.speech.speak import (
    CODES_PER_SECOND,
    Renderer,
    Spoken,
    Voice,
    most_codes,
    odd_duration,
    speak,
    voice_of,
)

FIGURES = ("seconds", "odd", "unfinished")
"""Figures of every reading; others need a model that judges it."""


@frozen(eq=False)
class Reading:
    """A text that was read aloud."""

    text: str
    spoken: Spoken
    odd: Literal["short", "long"] | None
    longest: int | None = None
    """Audio codes of the longest training clip, where that is known."""

    @property
    def is_beyond_training(self) -> bool:
        """Whether the reading is longer than any training clip."""
        return self.longest is not None and len(self.spoken.codes) > self.longest

    @property
    def seconds(self) -> float:
        """Length of the reading in seconds."""
        return len(self.spoken.waveform) / self.spoken.sample_rate_hz

    @property
    def figures(self) -> dict[str, float]:
        """FIGURES; the last two are 0 or 1."""
        odd = self.odd is not None or self.is_beyond_training
        unfinished = not self.spoken.stopped
        return dict(zip(FIGURES, (self.seconds, float(odd), float(unfinished)), strict=True))

    @property
    def notes(self) -> tuple[str, ...]:
        """The reading's length, and phrases on its defects."""
        rate = len(self.spoken.codes) / len(self.text)
        return f"{self.seconds:.1f} s, {rate:.2f} codes a character", *self.oddities

    @property
    def oddities(self) -> Sequence[str]:
        """Phrases on defects of the reading; usually none."""
        notes = [] if self.odd is None else [f"far too {self.odd} for its text"]
        if self.longest is not None and self.is_beyond_training:
            seconds = self.longest / CODES_PER_SECOND
            notes.append(f"longer than any training clip: the longest has {seconds:.1f} s")
        if not self.spoken.stopped:
            notes.append("cut off: it did not come to an end by itself")
        return notes


@frozen(eq=False)
class Reader:
    """Reads texts aloud in a voice."""

    gpt: XttsGpt
    mel: ConditioningMel
    renderer: Renderer
    speaker_encoder: SpeakerEncoder | None
    """The vocoder's; None where there is no vocoder."""
    sampling: Sampling
    codes_per_character: float
    """Codes per character of recordings, by which speech is cut off and called odd."""
    longest: int | None = None
    """Audio codes of the longest training clip, where that is known: longer speech is odd."""

    @property
    def device(self) -> torch.device:
        """Where the GPT is."""
        return self.gpt.text_embedding.weight.device

    def voice(self, reference: Tensor) -> Voice:
        """The voice of a recording [samples] in -1..1 at 22,050 Hz. Raises as `voice_of` does."""
        return voice_of(self.gpt, self.mel, self.speaker_encoder, reference.to(self.device))

    def read(self, text: str, tokens: Sequence[int], voice: Voice, seed: int) -> Reading:
        """Read a text, given with its tokens; cut off where it has long been too long."""
        typical = self.codes_per_character
        spoken = speak(
            self.gpt,
            self.renderer,
            voice,
            tokens,
            self.sampling,
            seed,
            max_codes=most_codes(len(text), typical),
        )
        odd = odd_duration(len(spoken.codes), len(text), typical)
        return Reading(text, spoken, odd, self.longest)


def sampling_of(table: Speech) -> Sampling:
    """The sampling that a recipe's [speech] asks for."""
    return Sampling(
        temperature=table.temperature,
        top_k=table.top_k,
        top_p=table.top_p,
        repetition_penalty=table.repetition_penalty,
    )
