"""Audio that the current weights make of slices, as in conversion and as in training."""

from typing import NamedTuple

import numpy as np
import torch
from attrs import frozen
from torch import Tensor

from engine.analysis.pitch.coarse import coarse_bins, interpolate_unvoiced
from engine.systems.rvc.network.losses import kl_divergence
from engine.systems.rvc.network.synthesizer import Noise
from engine.systems.rvc.parts import Part
from engine.systems.rvc.training_module import RvcTrainingModule


class Reconstruction(NamedTuple):
    """A slice that was encoded by the posterior encoder, and decoded."""

    audio: np.ndarray
    """float32 [T * hop]."""
    kl: float
    """Divergence of posterior and prior, in nats per frame."""


@frozen(eq=False)
class Resynthesis:
    """Resynthesizes slices. Noise is drawn by the clip's audio, so that it is always the same."""

    module: RvcTrainingModule
    interpolates: bool
    """Whether frames without voice have the pitch of their neighbours."""
    noise_scale: float

    @torch.no_grad()
    def convert(self, part: Part, f0: np.ndarray | None, speaker: int) -> np.ndarray:
        """Audio float32 [T * hop] of a slice's content at a pitch [T] in Hz, by a speaker."""
        noise = self._noise(part)
        made = self.module.network.infer(
            self._tensor(part.content),
            *self._pitch(f0),
            self._lengths(part),
            self._speaker(speaker),
            self.noise_scale,
            noise=noise,
        )
        return _samples(made)

    @torch.no_grad()
    def reconstruct(self, part: Part, speaker: int) -> Reconstruction:
        """Decode the posterior of a slice, and measure its divergence from the prior."""
        lengths = self._lengths(part)
        made = self.module.network(
            self._tensor(part.content),
            *self._pitch(part.f0),
            self.module.spectrograms(self._tensor(part.audio), lengths),
            lengths,
            self._speaker(speaker),
            torch.zeros_like(lengths),
            part.num_frames,
            noise=self._noise(part),
        )
        return Reconstruction(_samples(made.audio), float(kl_divergence(made)))

    def mel_distance(self, made: np.ndarray, original: Tensor) -> float:
        """Mean difference of a waveform's [T * hop] log mel bands and others [bands, T], nats."""
        return float((self.log_mel(made) - original).abs().mean())

    @torch.no_grad()
    def log_mel(self, audio: np.ndarray) -> Tensor:
        """Log mel bands [bands, T] of a waveform [T * hop], those of the loss."""
        bands: Tensor = self.module.log_mel(self.module.spectrogram(self._tensor(audio)))
        return bands[0]

    @property
    def device(self) -> torch.device:
        """Where the networks are."""
        return next(self.module.network.parameters()).device

    def _pitch(self, f0: np.ndarray | None) -> tuple[Tensor | None, Tensor | None]:
        """Coarse bins and Hz, as the networks take them."""
        if f0 is None:
            return None, None
        driving = interpolate_unvoiced(f0) if self.interpolates else f0
        return self._tensor(coarse_bins(driving)), self._tensor(driving)

    def _tensor(self, array: np.ndarray) -> Tensor:
        return torch.from_numpy(array)[None].to(self.device)

    def _lengths(self, part: Part) -> Tensor:
        return torch.tensor([part.num_frames], device=self.device)

    def _speaker(self, speaker: int) -> Tensor:
        return torch.tensor([speaker], device=self.device)

    def _noise(self, part: Part) -> Noise:
        """Drawn on the CPU, so that every device gets the same."""
        settings = self.module.network.settings
        random = torch.Generator().manual_seed(part.seed)
        frames = part.num_frames
        latents = torch.randn(1, settings.latent_dim, frames, generator=random)
        if not settings.uses_f0:
            return Noise(latents.to(self.device), None)
        source = torch.randn(1, frames * settings.hop_length, generator=random)
        return Noise(latents.to(self.device), source.to(self.device))


def _samples(audio: Tensor) -> np.ndarray:
    samples: np.ndarray = audio[0, 0].float().cpu().numpy()
    return samples
