"""A model that clones voices, with its codec and its tokenizer."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from attrs import frozen
from torch import Tensor
from transformers import HiggsAudioV2ForConditionalGeneration

from engine.analysis.codec.audio_codec import AudioCodec
from engine.metrics.signal import is_silent
from engine.systems.codec_lm.sequence.layout import ChatLayout
from engine.systems.codec_lm.sequence.pieces import Piece
from engine.systems.codec_lm.speech.generate import Generated, frames_that_fit, generate
from engine.systems.codec_lm.speech.sampling import Sampling


@frozen(eq=False)
class Voice:
    """A reference as the model is conditioned on it."""

    codes: Tensor
    """int64 [R, K]."""
    text: Tensor
    """Token ids of the reference's transcript, int64 [n]; empty where it is not known."""


@frozen(eq=False)
class Cloned:
    """A text spoken in a voice."""

    audio: np.ndarray
    """float32 [samples] at the codec's rate."""
    generated: Generated

    @property
    def oddities(self) -> list[str]:
        """Phrases on defects of the clone; usually none."""
        odd = []
        if not self.generated.ended:
            odd.append("cut off: no end of stream came")
        if self.generated.num_dropped:
            odd.append(f"{self.generated.num_dropped} frames after its end of stream were left out")
        if len(self.audio) and is_silent(self.audio):
            odd.append("silent: try a higher temperature or another seed")
        return odd


@frozen(eq=False)
class Cloner:
    """Clones voices."""

    model: HiggsAudioV2ForConditionalGeneration
    chat: ChatLayout
    encode: Callable[[str], list[int]]
    """Token ids of a text; raises UserError where the tokenizer cannot hold it."""
    codec: AudioCodec

    def voice(self, waveform: Tensor, text: str) -> Voice:
        """The voice of a recording [samples] at the codec's rate that says `text`; "": unknown.

        Without its text the user's turn before the reference is empty, which no clip of training
        has. Raises UserError where the text cannot be held.
        """
        return Voice(self.codec.encode(waveform), self._ids(text))

    def prompt(self, voice: Voice, text: str) -> list[Piece]:
        """The prompt from which a text in a voice is generated.

        Raises UserError where there is no text, the tokenizer cannot hold it, or the model has no
        room for it.
        """
        pieces = self.chat.pieces(self._ids(text), voice.text, voice.codes, None)
        frames_that_fit(self.model.config, pieces)
        return pieces

    def clone(
        self, prompts: Sequence[Sequence[Piece]], sampling: Sampling, seed: int, max_seconds: float
    ) -> list[Cloned]:
        """Clone each prompt, at most `max_seconds` long."""
        max_frames = max(1, round(max_seconds * self.codec.frames_per_second))
        made = generate(self.model, prompts, sampling, seed, max_frames)
        return [Cloned(self.codec.decode(one.codes).numpy(), one) for one in made]

    def _ids(self, text: str) -> Tensor:
        return torch.tensor(self.encode(text) if text.strip() else [], dtype=torch.long)
