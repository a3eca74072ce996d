"""A model that clones voices, with all that stands between audio and its codes, text and tokens."""

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
    """A reference, as the model is shown it."""

    codes: Tensor
    """int64 [R, K]."""
    text: Tensor
    """Token ids of what is said in it, int64 [n]; empty where that is not known."""


@frozen(eq=False)
class Cloned:
    """A text spoken in a voice."""

    audio: np.ndarray
    """float32 [samples] at the codec's rate."""
    generated: Generated

    @property
    def oddities(self) -> list[str]:
        """What is odd about it, in words; mostly nothing."""
        odd = []
        if not self.generated.ended:
            odd.append("cut off: no end of stream came")
        if self.generated.num_dropped:
            odd.append(f"{self.generated.num_dropped} frames after its end of stream were left out")
        if len(self.audio) and is_silent(self.audio):
            odd.append("silent: a higher temperature may mend that, or another seed")
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
        """What a text in a voice is generated from.

        Raises UserError where there is no text, the tokenizer cannot hold it, or the model has no
        room for it.
        """
        pieces = self.chat.pieces(self._ids(text), voice.text, voice.codes, None)
        frames_that_fit(self.model.config, pieces)
        return pieces

    def clone(
        self, prompts: Sequence[Sequence[Piece]], sampling: Sampling, seed: int, max_seconds: float
    ) -> list[Cloned]:
        """What is said after each prompt, at most so long."""
        max_frames = max(1, round(max_seconds * self.codec.frames_per_second))
        made = generate(self.model, prompts, sampling, seed, max_frames)
        return [Cloned(self.codec.decode(one.codes).numpy(), one) for one in made]

    def _ids(self, text: str) -> Tensor:
        return torch.tensor(self.encode(text) if text.strip() else [], dtype=torch.long)
