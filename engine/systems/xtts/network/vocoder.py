"""From the GPT's latents to audio: XTTS's vocoder, a HiFi-GAN generator (Kong et al., 2020).

Parameters are named as those of Coqui's `HifiDecoder`, the speaker encoder among them, so that
published weights load as they are. Inference only: both networks are frozen.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch.nn.functional as F
from attrs import frozen
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from engine.errors import UserError
from engine.systems.xtts.network.speaker_encoder import SPEAKER_DIM, SpeakerEncoder

_SLOPE, _LAST_SLOPE = 0.1, 0.01
"""Slope of the leaky rectifiers. Upstream left the last one at torch's default."""


@frozen(kw_only=True)
class VocoderSettings:
    """What decides the vocoder's shapes and rates; the defaults are those of XTTS v2."""

    latent_dim: int = 1024
    """Size of a latent: the GPT's."""
    speaker_dim: int = SPEAKER_DIM
    channels: int = 512
    """Before the first upsampling; each halves them."""
    upsample_rates: Sequence[int] = (8, 8, 2, 2)
    upsample_kernel_sizes: Sequence[int] = (16, 16, 4, 4)
    block_kernel_sizes: Sequence[int] = (3, 7, 11)
    dilations: Sequence[int] = (1, 3, 5)
    code_stride: int = 1024
    """Samples a latent stands for, at the rate of the codes."""
    code_rate_hz: int = 22_050
    sample_rate_hz: int = 24_000
    """Sample rate of the generated audio."""

    @property
    def hop_length(self) -> int:
        """Samples that the network makes of one frame."""
        return math.prod(self.upsample_rates)

    @classmethod
    def of_config(cls, config: Mapping[str, Any]) -> "VocoderSettings":
        """The settings of a published config.json, from its `model_args`.

        Raises UserError where they ask for a vocoder that this one is not.
        """
        given = config["model_args"]
        settings = cls(
            latent_dim=given.get("decoder_input_dim", 1024),
            speaker_dim=given.get("d_vector_dim", SPEAKER_DIM),
            code_stride=given.get("gpt_code_stride_len", 1024),
            code_rate_hz=given.get("input_sample_rate", 22_050),
            sample_rate_hz=given.get("output_sample_rate", 24_000),
        )
        fixed = {
            "output_hop_length": settings.hop_length,
            "cond_d_vector_in_each_upsampling_layer": True,
        }
        for key, known in fixed.items():
            if given.get(key, known) != known:
                raise UserError(
                    f"config.json: model_args.{key} is {given[key]}, but only XTTS vocoders with "
                    f"{known} are known. Use the config.json that was published with the weights."
                )
        return settings


class HifiDecoder(nn.Module):
    """Latents of the GPT and a speaker embedding to audio. Holds the speaker encoder as well."""

    def __init__(self, settings: VocoderSettings) -> None:
        super().__init__()
        self.settings = settings
        self.waveform_decoder = _Generator(settings)
        self.speaker_encoder = SpeakerEncoder()

    def forward(self, latents: Tensor, speaker: Tensor) -> Tensor:
        """Waveforms [B, samples] in -1..1 of latents [B, T, latent_dim], speakers [B, speaker_dim].

        Latents are stretched to one frame for each hop, then by the ratio of the two rates, both
        linearly and each rounded down to whole frames.
        """
        frames = stretch(latents.mT, self.settings.code_stride / self.settings.hop_length)
        frames = stretch(frames, self.settings.sample_rate_hz / self.settings.code_rate_hz)
        waveform: Tensor = self.waveform_decoder(frames, speaker[:, :, None])
        return waveform


def stretch(frames: Tensor, factor: float) -> Tensor:
    """Frames [B, dim, T] linearly interpolated to [B, dim, floor(T * factor)]."""
    return frames if factor == 1 else F.interpolate(frames, scale_factor=factor, mode="linear")


class _Generator(nn.Module):
    """HiFi-GAN V1, each stage conditioned on the speaker: frames [B, dim, T] to [B, T * hop].

    Weights are normalized by torch's own parametrization rather than by `engine.nn.weight_norm`,
    because upstream's state dict has its names (`parametrizations.weight.original0`); torch loads
    the older ones (`weight_g`) as well. The first and the last convolution have none.
    """

    def __init__(self, settings: VocoderSettings) -> None:
        super().__init__()
        widths = [settings.channels // 2**k for k in range(len(settings.upsample_rates) + 1)]
        stages = itertools.pairwise(widths)
        shapes = zip(settings.upsample_kernel_sizes, settings.upsample_rates, strict=True)
        self.conv_pre = nn.Conv1d(settings.latent_dim, widths[0], 7, padding=3)
        self.cond_layer = nn.Conv1d(settings.speaker_dim, widths[0], 1)
        self.ups = nn.ModuleList(
            weight_norm(nn.ConvTranspose1d(wide, narrow, kernel, rate, (kernel - rate) // 2))
            for (wide, narrow), (kernel, rate) in zip(stages, shapes, strict=True)
        )
        self.conds = nn.ModuleList(nn.Conv1d(settings.speaker_dim, n, 1) for n in widths[1:])
        self.resblocks = nn.ModuleList(
            _ResidualBlock(narrow, kernel, settings.dilations)
            for narrow in widths[1:]
            for kernel in settings.block_kernel_sizes
        )
        self.conv_post = nn.Conv1d(widths[-1], 1, 7, padding=3, bias=False)
        self._blocks_a_stage = len(settings.block_kernel_sizes)

    def forward(self, frames: Tensor, speaker: Tensor) -> Tensor:
        x = self.conv_pre(frames) + self.cond_layer(speaker)
        for stage, (up, cond) in enumerate(zip(self.ups, self.conds, strict=True)):
            x = up(F.leaky_relu(x, _SLOPE)) + cond(speaker)
            first = stage * self._blocks_a_stage
            x = self._mean_of_blocks(x, range(first, first + self._blocks_a_stage))
        waveform: Tensor = self.conv_post(F.leaky_relu(x, _LAST_SLOPE)).tanh()[:, 0]
        return waveform

    def _mean_of_blocks(self, x: Tensor, indices: range) -> Tensor:
        """Several receptive fields at once: the mean of blocks of different kernel sizes."""
        total = self.resblocks[indices[0]](x)
        for index in indices[1:]:
            total += self.resblocks[index](x)
        mean: Tensor = total / len(indices)
        return mean


class _ResidualBlock(nn.Module):
    """Pairs of a dilated and a plain convolution, each pair added to what it was given."""

    def __init__(self, channels: int, kernel_size: int, dilations: Sequence[int]) -> None:
        super().__init__()
        self.convs1 = _convolutions(channels, kernel_size, dilations)
        self.convs2 = _convolutions(channels, kernel_size, [1] * len(dilations))

    def forward(self, x: Tensor) -> Tensor:
        for dilated, plain in zip(self.convs1, self.convs2, strict=True):
            inner = dilated(F.leaky_relu(x, _SLOPE))
            x = x + plain(F.leaky_relu(inner, _SLOPE))
        return x


def _convolutions(channels: int, kernel_size: int, dilations: Sequence[int]) -> nn.ModuleList:
    """One weight-normalized convolution for each dilation; lengths stay as they are."""
    return nn.ModuleList(
        weight_norm(nn.Conv1d(channels, channels, kernel_size, 1, "same", dilation))
        for dilation in dilations
    )
