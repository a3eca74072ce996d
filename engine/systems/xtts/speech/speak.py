"""From a reference recording and text to audio, all the way, as upstream's `inference` does."""

import math
from collections.abc import Sequence
from typing import Literal, Protocol

import torch
import torchaudio
from attrs import frozen
from torch import Tensor

from engine.errors import UserError
from engine.system_support.voice_recording import Limits
from engine.systems.xtts.data.audio_codes import AudioCodes
from engine.systems.xtts.network.gpt import XttsGpt
from engine.systems.xtts.network.mel import CODE_STRIDE, SAMPLE_RATE_HZ, ConditioningMel
from engine.systems.xtts.network.speaker_encoder import SAMPLE_RATE_HZ as SPEAKER_RATE_HZ
from engine.systems.xtts.network.speaker_encoder import SpeakerEncoder
from engine.systems.xtts.network.vocoder import HifiDecoder, stretch
from engine.systems.xtts.speech.decode import Sampling, decode

REFERENCE = Limits(SAMPLE_RATE_HZ, 0.33, 30.0, "3 to 30 s")

_FEWEST_SAMPLES = math.ceil(REFERENCE.shortest_seconds * SAMPLE_RATE_HZ)
CODES_PER_SECOND = SAMPLE_RATE_HZ / CODE_STRIDE
_TOO_SHORT, _LESS_SECONDS = 0.5, 0.5
_TOO_LONG, _MORE_SECONDS = 2.0, 1.5
_ENDLESS, _MOST_MORE_SECONDS = 4.0, 2.0


@frozen(eq=False)
class Voice:
    """The facts about a speaker that synthesis needs of the reference."""

    latents: Tensor
    """What the GPT is conditioned on, [1, 32, dim]."""
    speaker: Tensor | None
    """What the vocoder is conditioned on, [1, 512]; None where there is no speaker encoder."""


@frozen(eq=False)
class Spoken:
    """One text as speech."""

    waveform: Tensor
    """float32 [samples] in -1..1, on the CPU."""
    sample_rate_hz: int
    codes: Tensor
    """int64 [codes] without START and the stop code."""
    stopped: bool
    """Whether it came to an end itself; else it was cut off at the most codes there may be."""


class Renderer(Protocol):
    """Makes audio of what the GPT said."""

    @property
    def sample_rate_hz(self) -> int:
        """Sample rate of the audio."""

    def __call__(self, codes: Tensor, latents: Tensor, voice: Voice, length_scale: float) -> Tensor:
        """Waveform [samples] of codes [n] and of the GPT's states [n or n + 1, dim] behind them.

        There is one state more where the GPT stopped by itself: the one that said so.
        """


@frozen(eq=False)
class ByVocoder:
    """Renders the GPT's states by the vocoder, as upstream does. The codes are not looked at."""

    vocoder: HifiDecoder

    @property
    def sample_rate_hz(self) -> int:
        """The vocoder's."""
        return self.vocoder.settings.sample_rate_hz

    def __call__(self, codes: Tensor, latents: Tensor, voice: Voice, length_scale: float) -> Tensor:  # noqa: ARG002
        """Waveform [samples]; the speaker of `voice` must be known."""
        assert voice.speaker is not None, "the voice needs the vocoder's speaker encoder"
        waveform: Tensor = self.vocoder(stretch(latents.T[None], length_scale).mT, voice.speaker)
        return waveform[0]


@frozen(eq=False)
class ByCodes:
    """Renders the codes themselves (Griffin and Lim), where no vocoder knows the GPT's states."""

    audio_codes: AudioCodes

    @property
    def sample_rate_hz(self) -> int:
        """Sample rate of the encoded audio."""
        return SAMPLE_RATE_HZ

    def __call__(self, codes: Tensor, latents: Tensor, voice: Voice, length_scale: float) -> Tensor:  # noqa: ARG002
        """Waveform [samples]. START, which a GPT may say in between, stands for no sound."""
        spoken = codes[codes < self.audio_codes.num_codes]
        if len(spoken) == 0:
            return torch.zeros(0)
        mel = stretch(self.audio_codes.decode_mel(spoken)[None], length_scale)[0]
        num_samples = round(CODE_STRIDE * len(spoken) * length_scale)
        return self.audio_codes.mel.to_waveform(mel, num_samples)


@torch.no_grad()
def voice_of(
    gpt: XttsGpt,
    conditioning_mel: ConditioningMel,
    speaker_encoder: SpeakerEncoder | None,
    reference: Tensor,
    chunk_seconds: float = 4.0,
    max_seconds: float = REFERENCE.longest_seconds,
) -> Voice:
    """The voice of a reference recording [samples] in -1..1 at 22,050 Hz, on the GPT's device.

    The GPT is conditioned on the first `max_seconds` in chunks and its latents are averaged; what
    is left over at the end counts as much as a whole chunk, unless it is shorter than 0.33 s. The
    speaker encoder takes the recording in one piece. Raises UserError where the recording is
    shorter than 0.33 s.
    Upstream calls these lengths `gpt_cond_chunk_len` and `gpt_cond_len` (with `max_ref_len`).
    """
    assert not gpt.training, "dropout would change the voice"
    reference = reference[: round(max_seconds * SAMPLE_RATE_HZ)]
    if len(reference) < _FEWEST_SAMPLES:
        raise UserError(
            f"The reference recording lasts {len(reference) / SAMPLE_RATE_HZ:.2f} s, too short "
            f"to take a voice from. Give at least {REFERENCE.shortest_seconds} s, better "
            f"{REFERENCE.better}."
        )
    chunks = torch.split(reference, round(chunk_seconds * SAMPLE_RATE_HZ))
    latents_of_chunks = [
        gpt.condition(conditioning_mel(chunk[None]))
        for chunk in chunks
        if len(chunk) >= _FEWEST_SAMPLES
    ]
    latents = torch.cat(latents_of_chunks).mean(0, keepdim=True)
    if speaker_encoder is None:
        return Voice(latents, None)
    assert not speaker_encoder.training, "an embedding must not depend on batch statistics"
    resampled = torchaudio.functional.resample(reference, SAMPLE_RATE_HZ, SPEAKER_RATE_HZ)
    return Voice(latents, speaker_encoder(resampled[None]))


@torch.no_grad()
def speak(
    gpt: XttsGpt,
    renderer: Renderer,
    voice: Voice,
    token_ids: Sequence[int],
    sampling: Sampling,
    seed: int,
    length_scale: float = 1.0,
    max_codes: int | None = None,
) -> Spoken:
    """Say a text, given as ids without START and STOP. All that is drawn follows from `seed`.

    The codes are drawn one after another, then read once more as a whole for the states that the
    vocoder makes audio of. `length_scale` makes speech longer (above 1) without another pitch.
    `max_codes` counts the stop code and is never more than upstream allows.
    """
    device = voice.latents.device
    generator = torch.Generator(device).manual_seed(seed)
    decoded = decode(gpt, voice.latents, [token_ids], sampling, generator, max_codes)
    codes, stopped = decoded.codes[0], decoded.stopped[0]
    said = torch.cat([codes, codes.new_tensor([gpt.settings.stop_audio_token])[: int(stopped)]])
    text = torch.tensor([list(token_ids)], dtype=torch.long, device=device)
    states = gpt.latents(voice.latents, text, [text.shape[1]], said[None], [len(said)])[0]
    waveform = renderer(codes, states, voice, length_scale).float().cpu()
    return Spoken(waveform, renderer.sample_rate_hz, codes, stopped)


def codes_per_character(num_codes: Sequence[int], num_characters: Sequence[int]) -> float:
    """Codes per character of recorded clips, for `odd_duration`: all codes over all characters.

    A reader of English has 1.4, espeak 1.3 in English and 1.6 in Hungarian; where clips are single
    words with silence around them, it is twice that.
    """
    return sum(num_codes) / sum(num_characters)


def odd_duration(
    num_codes: int, num_characters: int, typical: float
) -> Literal["short", "long"] | None:
    """Whether speech is far too short or too long for its text, as where words are lost or made up.

    `typical` is `codes_per_character` of recordings in that voice or language. Short is less than
    half of what is expected less half a second, or nothing at all; long is more than twice that
    and one and a half seconds, so that short texts have room for pauses. Of 226 recorded clips of
    three corpora (English, Hungarian, Telugu) none is out of bounds; of 88 in which many speakers
    were pooled, learners of English among them, 4 are.
    """
    expected = typical * num_characters
    if num_codes < max(1.0, _TOO_SHORT * expected - _LESS_SECONDS * CODES_PER_SECOND):
        return "short"
    if num_codes > _TOO_LONG * expected + _MORE_SECONDS * CODES_PER_SECOND:
        return "long"
    return None


def most_codes(num_characters: int, typical: float) -> int:
    """Where speech of a text is cut off: at four times what is `typical` of it and two seconds.

    That is far beyond `odd_duration`. A GPT that has not learned to stop would go on for 28 s.
    """
    return math.ceil(_ENDLESS * typical * num_characters + _MOST_MORE_SECONDS * CODES_PER_SECOND)
