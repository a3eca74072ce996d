"""From latents to audio: HiFi-GAN (Kong et al., 2020), with a sine source or without.

With a source it is the NSF-HiFi-GAN of RVC (`GeneratorNSF`), without plain HiFi-GAN (`Generator`).
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.nn.weight_norm import NormedConv1d, NormedConvTranspose1d
from engine.systems.rvc.network.settings import SynthesizerSettings
from engine.systems.rvc.network.sine_source import SineSource

_SLOPE, _LAST_SLOPE = 0.1, 0.01
"""Slopes of the leaky ReLUs: HiFi-GAN left torch's default at the last one."""


class Decoder(nn.Module):
    """Upsampling by transposed convolutions, each followed by residual blocks side by side."""

    def __init__(self, settings: SynthesizerSettings) -> None:
        super().__init__()
        rates, widest = settings.upsample_rates, settings.upsample_initial_channels
        channels = [widest // 2**place for place in range(len(rates) + 1)]
        self.conv_pre = nn.Conv1d(settings.latent_dim, widest, 7, padding=3)
        self.cond = nn.Conv1d(settings.speaker_dim, widest, 1)
        if settings.uses_f0:
            self.m_source = SineSource(settings.sample_rate_hz, settings.hop_length)
            self.noise_convs = nn.ModuleList(
                _source_conv(wide, math.prod(rates[place + 1 :]))
                for place, wide in enumerate(channels[1:])
            )
        self.ups = nn.ModuleList(
            NormedConvTranspose1d(
                wide, wide // 2, kernel, stride=rate, padding=(kernel - rate) // 2
            )
            for wide, rate, kernel in zip(channels, rates, settings.upsample_kernels, strict=False)
        )
        self.resblocks = nn.ModuleList(
            _RESBLOCKS[settings.resblock](wide, kernel, dilations)
            for wide in channels[1:]
            for kernel, dilations in zip(
                settings.resblock_kernels, settings.resblock_dilations, strict=True
            )
        )
        self.conv_post = nn.Conv1d(channels[-1], 1, 7, padding=3, bias=False)
        self.context_frames = _context_frames(settings)
        """Frames on each side that a frame of audio depends on, at most."""

    def forward(self, latents: Tensor, speaker: Tensor, source: Tensor | None) -> Tensor:
        """Audio [B, 1, T * hop] of latents [B, latent_dim, T] and speakers [B, speaker_dim, 1].

        `source` [B, 1, T * hop] is what `m_source` makes; None of a network without f0.
        """
        x = self.conv_pre(latents) + self.cond(speaker)
        per_stage = len(self.resblocks) // len(self.ups)
        for stage, up in enumerate(self.ups):
            x = up(F.leaky_relu(x, _SLOPE))
            if source is not None:
                x = x + self.noise_convs[stage](source)
            blocks = self.resblocks[stage * per_stage : (stage + 1) * per_stage]
            x = torch.stack([block(x) for block in blocks]).mean(0)
        # Samples of half precision would hiss: eleven bits are left of sixteen, or eight.
        with torch.autocast(x.device.type, enabled=False):
            audio: Tensor = self.conv_post(F.leaky_relu(x.float(), _LAST_SLOPE)).tanh()
        return audio


def _context_frames(settings: SynthesizerSettings) -> int:
    """From the last layer to the first: what each adds, in samples of its own rate."""
    paired = 1 if settings.resblock == "1" else 0  # a convolution without dilation beside each
    blocks = zip(settings.resblock_kernels, settings.resblock_dilations, strict=True)
    of_blocks = max((k // 2) * sum(d + paired for d in dilations) for k, dilations in blocks)
    context = 3
    stages = zip(settings.upsample_rates, settings.upsample_kernels, strict=True)
    for rate, kernel in reversed(list(stages)):
        context = math.ceil((context + of_blocks + kernel) / rate)
    return context + 3


def _source_conv(channels: int, stride: int) -> nn.Conv1d:
    """What brings the source to the rate of a stage, of which a frame is `stride` samples."""
    if stride == 1:
        return nn.Conv1d(1, channels, 1)
    kernel = 2 * stride - stride % 2  # of an odd stride as Applio has it; RVC has even ones
    return nn.Conv1d(1, channels, kernel, stride=stride, padding=(kernel - stride) // 2)


class _TwoConvolutions(nn.Module):
    """Residual block "1": for each dilation a dilated convolution and one without."""

    def __init__(self, channels: int, kernel: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        self.convs1 = nn.ModuleList(_same(channels, kernel, dilation) for dilation in dilations)
        self.convs2 = nn.ModuleList(_same(channels, kernel, 1) for _ in dilations)

    def forward(self, x: Tensor) -> Tensor:
        for dilated, plain in zip(self.convs1, self.convs2, strict=True):
            inner = dilated(F.leaky_relu(x, _SLOPE))
            x = x + plain(F.leaky_relu(inner, _SLOPE))
        return x


class _OneConvolution(nn.Module):
    """Residual block "2": a dilated convolution for each dilation."""

    def __init__(self, channels: int, kernel: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        self.convs = nn.ModuleList(_same(channels, kernel, dilation) for dilation in dilations)

    def forward(self, x: Tensor) -> Tensor:
        for conv in self.convs:
            x = x + conv(F.leaky_relu(x, _SLOPE))
        return x


_RESBLOCKS = {"1": _TwoConvolutions, "2": _OneConvolution}


def _same(channels: int, kernel: int, dilation: int) -> NormedConv1d:
    """A convolution that keeps the length."""
    padding = dilation * (kernel - 1) // 2
    return NormedConv1d(channels, channels, kernel, dilation=dilation, padding=padding)
