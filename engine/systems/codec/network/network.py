"""The Descript Audio Codec's generator (Kumar et al., 2023, section 3), in plain torch.

Parameters are named as those of upstream's `dac.DAC`, so that weights load both ways.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from attrs import frozen
from torch import Tensor, nn

from engine.nn.residual_quantize import ResidualQuantizer
from engine.nn.snake import Snake
from engine.nn.weight_norm import NormedConv1d, NormedConvTranspose1d
from engine.systems.codec.recipe import Model

_DILATIONS = (1, 3, 9)


@frozen(kw_only=True)
class NetworkSettings:
    """The settings that decide a codec's shapes and how its quantizers are trained."""

    sample_rate_hz: int
    encoder_dim: int
    encoder_rates: tuple[int, ...]
    latent_dim: int
    decoder_dim: int
    decoder_rates: tuple[int, ...]
    num_codebooks: int
    codebook_size: int
    codebook_dim: int
    quantizer_dropout: float
    restart_below: float

    @classmethod
    def of(cls, model: Model, sample_rate_hz: int) -> "NetworkSettings":
        """The settings of a recipe's table `model`."""
        widest = model.encoder_dim * 2 ** len(model.encoder_rates)
        return cls(
            sample_rate_hz=sample_rate_hz,
            encoder_dim=model.encoder_dim,
            encoder_rates=model.encoder_rates,
            latent_dim=widest if model.latent_dim is None else model.latent_dim,
            decoder_dim=model.decoder_dim,
            decoder_rates=model.decoder_rates,
            num_codebooks=model.num_codebooks,
            codebook_size=model.codebook_size,
            codebook_dim=model.codebook_dim,
            quantizer_dropout=model.quantizer_dropout,
            restart_below=model.restart_below,
        )

    @property
    def hop_length(self) -> int:
        """Number of samples from one frame of codes to the next."""
        return math.prod(self.encoder_rates)

    @property
    def bits_per_second(self) -> float:
        """The nominal bitrate with all quantizers."""
        bits = self.num_codebooks * math.log2(self.codebook_size)
        return bits * self.sample_rate_hz / self.hop_length

    @property
    def upstream_kwargs(self) -> Mapping[str, Any]:
        """The arguments of `dac.DAC` that make the same network, as plain values."""
        return {
            "encoder_dim": self.encoder_dim,
            "encoder_rates": list(self.encoder_rates),
            "latent_dim": self.latent_dim,
            "decoder_dim": self.decoder_dim,
            "decoder_rates": list(self.decoder_rates),
            "n_codebooks": self.num_codebooks,
            "codebook_size": self.codebook_size,
            "codebook_dim": self.codebook_dim,
            "quantizer_dropout": self.quantizer_dropout,
            "sample_rate": self.sample_rate_hz,
        }


class Coded(NamedTuple):
    """The codec's output for a batch.

    `audio` [B, 1, T] float32 in -1..1, `codes` int64 [B, quantizers, frames], and the quantizers'
    two losses (see `ResidualCodes`).
    """

    audio: Tensor
    codes: Tensor
    commitment: Tensor
    codebook: Tensor


class CodecNetwork(nn.Module):
    """Encoder, residual quantizer, decoder: audio [B, 1, T] to codes and back.

    Where a stride is odd, upstream's decoder gives fewer samples than the input has; this one does
    not (`output_padding`, which changes no weight). With even strides both compute the same.
    """

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        self.settings = settings
        self.encoder = _Encoder(settings.encoder_dim, settings.encoder_rates, settings.latent_dim)
        self.quantizer = ResidualQuantizer(
            settings.latent_dim,
            settings.num_codebooks,
            settings.codebook_size,
            settings.codebook_dim,
            settings.quantizer_dropout,
            settings.restart_below,
        )
        self.decoder = _Decoder(settings.latent_dim, settings.decoder_dim, settings.decoder_rates)
        self.apply(_initialize)

    def forward(self, audio: Tensor) -> Coded:
        """Code audio [B, 1, T] and decode it again; silence fills the last frame.

        In training mode the number of quantizers is drawn for each item; else all are used.
        """
        coded = self.quantizer(self.encoder(self._whole_frames(audio)))
        decoded = self.decoder(coded.vectors)[..., : audio.shape[-1]]
        return Coded(decoded, coded.codes, coded.commitment, coded.codebook)

    def encode(self, audio: Tensor, num_quantizers: int | None = None) -> Tensor:
        """Codes int64 [B, quantizers, frames] of audio [B, 1, T]."""
        return self.quantizer.encode(self.encoder(self._whole_frames(audio)), num_quantizers)

    def decode(self, codes: Tensor) -> Tensor:
        """Audio [B, 1, frames * hop] of codes [B, n, frames] of the first n quantizers."""
        audio: Tensor = self.decoder(self.quantizer.decode(codes))
        return audio

    def _whole_frames(self, audio: Tensor) -> Tensor:
        return F.pad(audio, (0, -audio.shape[-1] % self.settings.hop_length))


class _ResidualUnit(nn.Module):
    def __init__(self, dim: int, dilation: int) -> None:
        super().__init__()
        self.block = nn.Sequential(
            Snake(dim),
            NormedConv1d(dim, dim, 7, dilation=dilation, padding=3 * dilation),
            Snake(dim),
            NormedConv1d(dim, dim, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        changed: Tensor = self.block(x)
        return x + changed


def _residual_units(dim: int) -> list[nn.Module]:
    return [_ResidualUnit(dim, dilation) for dilation in _DILATIONS]


class _EncoderBlock(nn.Module):
    def __init__(self, dim: int, stride: int) -> None:
        super().__init__()
        padding = math.ceil(stride / 2)
        self.block = nn.Sequential(
            *_residual_units(dim),
            Snake(dim),
            NormedConv1d(dim, 2 * dim, 2 * stride, stride=stride, padding=padding),
        )

    def forward(self, x: Tensor) -> Tensor:
        shorter: Tensor = self.block(x)
        return shorter


class _Encoder(nn.Module):
    def __init__(self, dim: int, rates: Sequence[int], latent_dim: int) -> None:
        super().__init__()
        widest = dim * 2 ** len(rates)
        self.block = nn.Sequential(
            NormedConv1d(1, dim, 7, padding=3),
            *(_EncoderBlock(dim * 2**place, rate) for place, rate in enumerate(rates)),
            Snake(widest),
            NormedConv1d(widest, latent_dim, 3, padding=1),
        )

    def forward(self, audio: Tensor) -> Tensor:
        latents: Tensor = self.block(audio)
        return latents


class _DecoderBlock(nn.Module):
    def __init__(self, dim: int, stride: int) -> None:
        super().__init__()
        padding, odd = math.ceil(stride / 2), stride % 2
        self.block = nn.Sequential(
            Snake(dim),
            NormedConvTranspose1d(
                dim, dim // 2, 2 * stride, stride=stride, padding=padding, output_padding=odd
            ),
            *_residual_units(dim // 2),
        )

    def forward(self, x: Tensor) -> Tensor:
        longer: Tensor = self.block(x)
        return longer


class _Decoder(nn.Module):
    def __init__(self, latent_dim: int, dim: int, rates: Sequence[int]) -> None:
        super().__init__()
        narrowest = dim // 2 ** len(rates)
        self.model = nn.Sequential(
            NormedConv1d(latent_dim, dim, 7, padding=3),
            *(_DecoderBlock(dim // 2**place, rate) for place, rate in enumerate(rates)),
            Snake(narrowest),
            NormedConv1d(narrowest, 1, 7, padding=3),
            nn.Tanh(),
        )

    def forward(self, vectors: Tensor) -> Tensor:
        *body, mix, squash = self.model
        for layer in body:
            vectors = layer(vectors)
        # Samples of half precision would hiss: eleven bits are left of sixteen, or eight.
        with torch.autocast(vectors.device.type, enabled=False):
            audio: Tensor = squash(mix(vectors.float()))
        return audio


def _initialize(module: nn.Module) -> None:
    """Upstream's effective start: torch's own, but for the biases of plain convolutions."""
    if isinstance(module, NormedConv1d):
        nn.init.zeros_(module.bias)
