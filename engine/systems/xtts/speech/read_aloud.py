"""Texts read aloud with the present weights, as a recipe's [speech] says, and what is odd of it."""

from collections.abc import Sequence
from typing import Literal

from attrs import frozen

from engine.systems.xtts.data.dataset import XttsClips
from engine.systems.xtts.network.speaker_encoder import SpeakerEncoder
from engine.systems.xtts.recipe import Speech
from engine.systems.xtts.speech.decode import Sampling
from engine.systems.xtts.speech.speak import (
    Renderer,
    Spoken,
    Voice,
    hear,
    most_codes,
    odd_duration,
    speak,
)
from engine.systems.xtts.training_module import XttsTrainingModule

FIGURES = ("seconds", "odd", "unfinished")
"""That a reading has by itself; others take a listener."""


@frozen(eq=False)
class Reading:
    """A text that was read aloud."""

    text: str
    spoken: Spoken
    odd: Literal["short", "long"] | None

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.spoken.waveform) / self.spoken.sample_rate_hz

    @property
    def figures(self) -> dict[str, float]:
        """FIGURES; the last two are 0 or 1."""
        odd, unfinished = self.odd is not None, not self.spoken.stopped
        return dict(zip(FIGURES, (self.seconds, float(odd), float(unfinished)), strict=True))

    @property
    def notes(self) -> tuple[str, ...]:
        """Its length, and what is odd of it, in words."""
        rate = len(self.spoken.codes) / len(self.text)
        notes = [f"{self.seconds:.1f} s, {rate:.2f} codes a character"]
        if self.odd is not None:
            notes.append(f"far too {self.odd} for its text")
        if not self.spoken.stopped:
            notes.append("cut off: it did not come to an end by itself")
        return tuple(notes)


@frozen(eq=False)
class Reader:
    """Reads texts in the voices of evaluation clips."""

    module: XttsTrainingModule
    renderer: Renderer
    speaker_encoder: SpeakerEncoder | None
    clips: XttsClips
    speech: Speech
    typical: float
    """`codes_a_character` of recordings."""

    def voice(self, index: int) -> Voice:
        """The voice of a clip."""
        reference = self.clips.audio(index).to(self.module.speaks.device)
        network, mel = self.module.network, self.module.mel
        return hear(network, mel, self.speaker_encoder, reference)

    def read(self, text: str, tokens: Sequence[int], voice: Voice, seed: int) -> Reading:
        """Read a text, given with its tokens; cut off where it has long been too long."""
        table = self.speech
        sampling = Sampling(
            temperature=table.temperature,
            top_k=table.top_k,
            top_p=table.top_p,
            repetition_penalty=table.repetition_penalty,
        )
        spoken = speak(
            self.module.network,
            self.renderer,
            voice,
            tokens,
            sampling,
            seed,
            max_codes=most_codes(len(text), self.typical),
        )
        odd = odd_duration(len(spoken.codes), len(text), self.typical)
        return Reading(text, spoken, odd)
