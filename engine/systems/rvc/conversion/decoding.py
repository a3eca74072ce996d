"""From the networks' input to audio, segment after segment."""

import numpy as np
import torch
from torch import Tensor

from engine.systems.rvc.conversion.frames import Frames
from engine.systems.rvc.conversion.voice import Voice

PIECE_FRAMES = 500
"""Frames that are decoded at once: at RVC's full size, half a GB of memory."""


class Decoding:
    """Decodes the segments of a source. The sine's phase goes on from each to the next.

    Noise is drawn for a whole segment; the decoder then runs over pieces of the segment, each with
    all the surroundings that its samples depend on.
    """

    def __init__(
        self, voice: Voice, noise_scale: float, seed: int, piece_frames: int = PIECE_FRAMES
    ) -> None:
        self._voice, self._noise_scale, self._piece_frames = voice, noise_scale, piece_frames
        self._generator = torch.Generator(voice.device).manual_seed(seed)
        self._phase: Tensor | None = None

    @torch.inference_mode()
    def __call__(self, frames: Frames, first: int, number: int) -> np.ndarray:
        """Audio float32 [number * hop] of `number` frames from `first`; the others are context."""
        network = self._voice.synthesizer
        content = self._tensor(frames.content)
        speaker = self._tensor(np.array(self._voice.speaker))
        noise = network.draw(1, content.shape[1], generator=self._generator)
        latents = network.latents(
            content,
            None if frames.f0_coarse is None else self._tensor(frames.f0_coarse),
            torch.tensor([content.shape[1]], device=content.device),
            speaker,
            noise.latents * self._noise_scale,
        )
        f0 = None if frames.f0 is None else self._tensor(frames.f0)
        phases = None if f0 is None else self._phases(f0, first, number)
        size, end = self._piece_frames, first + number
        pieces = [
            self._piece(latents, speaker, f0, noise.source, phases, start, min(size, end - start))
            for start in range(first, end, size)
        ]
        return np.concatenate(pieces)

    def _piece(
        self,
        latents: Tensor,
        speaker: Tensor,
        f0: Tensor | None,
        noise: Tensor | None,
        phases: Tensor | None,
        start: int,
        number: int,
    ) -> np.ndarray:
        """The samples of frames from `start`, decoded with their surroundings."""
        network = self._voice.synthesizer
        hop, context = network.settings.hop_length, network.dec.context_frames
        first, stop = max(0, start - context), start + number + context
        audio = network.decode(
            latents[..., first:stop],
            None if f0 is None else f0[:, first:stop],
            speaker,
            None if noise is None else noise[:, first * hop : stop * hop],
            None if phases is None else phases[:, first],
        )
        place = (start - first) * hop
        samples: np.ndarray = audio[0, 0, place : place + number * hop].float().cpu().numpy()
        return samples

    def _phases(self, f0: Tensor, first: int, number: int) -> Tensor:
        """Cycles before each frame [1, T + 1], going on from the last segment at `first`."""
        phases: Tensor = self._voice.synthesizer.dec.m_source.phases(f0)
        if self._phase is not None:
            phases = (phases + self._phase - phases[:, first]) % 1
        self._phase = phases[:, first + number]
        return phases

    def _tensor(self, values: np.ndarray) -> Tensor:
        """An array as a tensor with a batch dimension of 1 in front."""
        return torch.from_numpy(values)[None].to(self._voice.device)
