"""The synthesizer of RVC: the VITS (Kim et al., 2021) of content, pitch and speaker.

Keys and shapes are those of `SynthesizerTrnMs768NSFsid` (v2), `...256...` (v1) and of both
`_nono` classes (without f0). A frame is a hop of samples: 100 a second. Content comes 50 times a
second and is repeated before it enters.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from engine.systems.rvc.network.decoder import Decoder
from engine.systems.rvc.network.flow import Flow
from engine.systems.rvc.network.masks import crop, frame_mask
from engine.systems.rvc.network.posterior_encoder import PosteriorEncoder
from engine.systems.rvc.network.settings import SynthesizerSettings
from engine.systems.rvc.network.text_encoder import TextEncoder

NOISE_SCALE = 0.66666
"""RVC's factor of the prior's standard deviation in conversion."""


class Noise(NamedTuple):
    """All random numbers of a pass, normal and of standard deviation 1."""

    latents: Tensor
    """[B, latent_dim, T]"""
    source: Tensor | None
    """[B, T * hop], in training [B, segment * hop]; None of a network without f0."""


class Synthesized(NamedTuple):
    """The synthesizer's output for a batch in training."""

    audio: Tensor
    """Audio of the crops [B, 1, segment * hop]."""
    posterior_latents: Tensor
    """[B, latent_dim, T], as all that follow."""
    prior_latents: Tensor
    """Latents of the posterior through the flow, which the prior describes."""
    prior_mean: Tensor
    prior_log_deviation: Tensor
    posterior_mean: Tensor
    posterior_log_deviation: Tensor
    mask: Tensor
    """1.0 in the frames of each clip [B, 1, T]."""


class Synthesizer(nn.Module):
    """Text encoder, posterior encoder, flow, decoder, and the speakers' vectors."""

    def __init__(self, settings: SynthesizerSettings) -> None:
        super().__init__()
        self.settings = settings
        self.enc_p = TextEncoder(settings)
        self.dec = Decoder(settings)
        self.enc_q = PosteriorEncoder(settings)
        self.flow = Flow(settings)
        self.emb_g = nn.Embedding(settings.num_speakers, settings.speaker_dim)

    def forward(
        self,
        content: Tensor,
        f0_coarse: Tensor | None,
        f0: Tensor | None,
        spectrogram: Tensor,
        lengths: Tensor,
        speaker: Tensor,
        crop_starts: Tensor,
        segment_frames: int,
        *,
        num_from_prior: int = 0,
        noise: Noise | None = None,
    ) -> Synthesized:
        """Encode whole clips, and decode a segment of each.

        Args:
            content: [B, T, content_dim]
            f0_coarse: Bins of the pitch [B, T], int64 in 1..255; None of a network without f0.
            f0: Hz [B, T], 0 where unvoiced; None of a network without f0.
            spectrogram: Linear magnitudes [B, bins, T].
            lengths: Frames of each clip [B], int64.
            speaker: Rows of the speaker embedding [B], int64.
            crop_starts: The first frame of each segment [B], int64.
            segment_frames: Frames of every segment.
            num_from_prior: So many clips, the first, are decoded from the prior's latents.
            noise: What is drawn at random; by default from torch's own generator.

        """
        voice, mask = self._voice(speaker), frame_mask(lengths, content.shape[1])
        noise = noise or self.draw(len(content), content.shape[1], segment_frames)
        prior_mean, prior_log_deviation = self.enc_p(content, f0_coarse, mask)
        mean, log_deviation = self.enc_q(spectrogram, mask, voice)
        latents = (mean + noise.latents * log_deviation.exp()) * mask
        decoded = latents
        if num_from_prior:
            drawn = noise.latents * NOISE_SCALE * prior_log_deviation.exp()
            described = ((prior_mean + drawn) * mask)[:num_from_prior]
            of_prior = self.flow.inverse(described, mask[:num_from_prior], voice[:num_from_prior])
            decoded = torch.cat([of_prior, latents[num_from_prior:]])
        cropped = crop(decoded, crop_starts, segment_frames)
        source = None if f0 is None else self._source(crop(f0, crop_starts, segment_frames), noise)
        audio = self.dec(cropped, voice, source)
        described = self.flow(latents, mask, voice)
        return Synthesized(
            audio=audio,
            posterior_latents=latents,
            prior_latents=described,
            prior_mean=prior_mean,
            prior_log_deviation=prior_log_deviation,
            posterior_mean=mean,
            posterior_log_deviation=log_deviation,
            mask=mask,
        )

    @torch.no_grad()
    def infer(
        self,
        content: Tensor,
        f0_coarse: Tensor | None,
        f0: Tensor | None,
        lengths: Tensor,
        speaker: Tensor,
        noise_scale: float = NOISE_SCALE,
        generator: torch.Generator | None = None,
        *,
        noise: Noise | None = None,
        phase: Tensor | None = None,
    ) -> Tensor:
        """Audio [B, 1, T * hop] of content, pitch and speaker (see `forward`).

        `generator` draws what is random, on the networks' device, where no `noise` is given;
        `phase` [B] is that of the source before the first frame, in cycles.
        """
        noise = noise or self.draw(*content.shape[:2], generator=generator)
        latents = self.latents(content, f0_coarse, lengths, speaker, noise.latents * noise_scale)
        return self.decode(latents, f0, speaker, noise.source, phase)

    @torch.no_grad()
    def latents(
        self,
        content: Tensor,
        f0_coarse: Tensor | None,
        lengths: Tensor,
        speaker: Tensor,
        noise: Tensor,
    ) -> Tensor:
        """The decoder's input [B, latent_dim, T]; `noise` has the same shape.

        The text encoder attends to all frames that it is given; behind it a frame depends on
        `flow.context_frames` to each side.
        """
        mask = frame_mask(lengths, content.shape[1])
        mean, log_deviation = self.enc_p(content, f0_coarse, mask)
        described = (mean + noise * log_deviation.exp()) * mask
        return self.flow.inverse(described, mask, self._voice(speaker)) * mask

    @torch.no_grad()
    def decode(
        self,
        latents: Tensor,
        f0: Tensor | None,
        speaker: Tensor,
        source_noise: Tensor | None,
        phase: Tensor | None = None,
    ) -> Tensor:
        """Audio [B, 1, T * hop] of latents.

        A frame depends on `dec.context_frames` to each side: with as many, cut off again, and the
        `phase` of `dec.m_source.phases` before its first frame, a piece is decoded as in the whole.
        """
        source = None
        if f0 is not None:
            assert source_noise is not None
            source = self.dec.m_source(f0, source_noise, phase)
        audio: Tensor = self.dec(latents, self._voice(speaker), source)
        return audio

    def draw(
        self,
        batch_size: int,
        num_frames: int,
        source_frames: int | None = None,
        *,
        generator: torch.Generator | None = None,
    ) -> Noise:
        """Draw the noise of a pass; by default there are as many source frames as other frames."""
        settings, device = self.settings, self.emb_g.weight.device
        shape = (batch_size, settings.latent_dim, num_frames)
        latents = torch.randn(shape, generator=generator, device=device)
        if not settings.uses_f0:
            return Noise(latents, None)
        samples = (num_frames if source_frames is None else source_frames) * settings.hop_length
        source = torch.randn(batch_size, samples, generator=generator, device=device)
        return Noise(latents, source)

    def _voice(self, speaker: Tensor) -> Tensor:
        """[B] to [B, speaker_dim, 1]."""
        vectors: Tensor = self.emb_g(speaker)
        return vectors[..., None]

    def _source(self, f0: Tensor, noise: Noise) -> Tensor:
        assert noise.source is not None
        source: Tensor = self.dec.m_source(f0, noise.source)
        return source
