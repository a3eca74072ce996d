"""The two autoencoders: mel spectrogram [B, 1, 128, 32] to a 30 x 30 grid of codes and back."""

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.nn.cpu.codewise import widen_codes
from engine.nn.cpu.transposed import TransposedConv2d, one_channel_last
from engine.nn.quantize import Quantized, Quantizer
from engine.systems.vqvae.shapes import GRID, NUM_FRAMES, NUM_MELS


class Coded(NamedTuple):
    """The network's output for a batch: reconstruction [B, 1, 128, 32] in 0..1, and codes."""

    reconstruction: Tensor
    quantized: Quantized


class GridAutoencoder(nn.Module):
    """Encoder to a grid of vectors, quantizer, decoder. Computes in channels-last order.

    Row 0 of the grid is the lowest band, column 0 the first frame.
    """

    def __init__(self, encoder: nn.Module, quantizer: Quantizer, decoder: nn.Module) -> None:
        super().__init__()
        self.encoder, self.vq, self.decoder = encoder, quantizer, decoder
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, mel: Tensor) -> Coded:
        """Code and reconstruct mel spectrograms [B, 1, 128, 32] in 0..1."""
        quantized = self.vq(self._cells(mel))
        return Coded(self._decode(quantized.vectors, quantized.indices), quantized)

    def encode(self, mel: Tensor) -> Tensor:
        """Codes [B, 30, 30] of mel spectrograms [B, 1, 128, 32] in 0..1."""
        quantized: Quantized = self.vq(self._cells(mel))
        return quantized.indices

    def decode(self, codes: Tensor) -> Tensor:
        """Mel spectrograms [B, 1, 128, 32] in 0..1 of codes [B, 30, 30]."""
        return self._decode(self.vq.vectors_of(codes), codes)

    def _cells(self, mel: Tensor) -> Tensor:
        """Vectors [B, 30, 30, latent]: in channels-last order a view."""
        cells: Tensor = self.encoder(one_channel_last(mel)).permute(0, 2, 3, 1)
        return cells

    def _decode(self, cells: Tensor, codes: Tensor) -> Tensor:
        mel: Tensor = self.decoder(cells.permute(0, 3, 1, 2), codes, self.vq.num_codes)
        return mel


class _PuzzleEncoder(nn.Module):
    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 32, 4, 2, 1),
            *_norm_relu(32),
            nn.Conv2d(32, latent_dim, 4, 2, 1),
            *_norm_relu(latent_dim),
            nn.Upsample((GRID, GRID), mode="bilinear"),
            nn.Conv2d(latent_dim, latent_dim, 1),
        )

    def forward(self, mel: Tensor) -> Tensor:
        upsample, mix = self.encoder[6], self.encoder[7]
        # Bilinear weights sum to one, so mixing channels first gives the same and costs a third.
        grid: Tensor = upsample(mix(self.encoder[:6](mel)))
        return grid


class _PuzzleDecoder(nn.Module):
    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.decoder = nn.Sequential(
            nn.Conv2d(latent_dim, latent_dim, 1),
            *_norm_relu(latent_dim),
            TransposedConv2d(latent_dim, 32, 4, 2, 1),
            *_norm_relu(32),
            TransposedConv2d(32, 16, 4, 2, 1),
            *_norm_relu(16),
            nn.Upsample((NUM_MELS, NUM_FRAMES), mode="bilinear"),
            nn.Conv2d(16, 1, 1),
            nn.Sigmoid(),
        )

    def forward(self, cells: Tensor, codes: Tensor, num_codes: int) -> Tensor:
        layers: tuple[Any, ...] = tuple(self.decoder)
        first, norm, _, widen, *_, mix, _ = layers
        maps = self.decoder[4:9](widen_codes(cells, codes, num_codes, (first, norm, widen)))
        # Mixed to one channel before the resizing, which the order of the two allows.
        mixed = F.linear(maps.permute(0, 2, 3, 1), mix.weight.flatten(1), mix.bias)
        resized = self.decoder[9](mixed.permute(0, 3, 1, 2))
        mel: Tensor = self.decoder[11](resized)
        return mel


class _AlignedEncoder(nn.Sequential):
    def __init__(self, latent_dim: int) -> None:
        super().__init__(
            nn.Conv2d(1, 16, (4, 3), (2, 1), (1, 0)),
            *_norm_relu(16),
            nn.Conv2d(16, 24, (4, 3), (2, 1), (1, 1)),
            *_norm_relu(24),
            nn.Conv2d(24, latent_dim, 3, 1, (0, 1)),
            *_norm_relu(latent_dim),
        )


class _AlignedDecoder(nn.Module):
    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.mix, self.norm = nn.Conv2d(latent_dim, 32, 1), nn.BatchNorm2d(32)
        self.widen = TransposedConv2d(32, 32, 3, 1, (0, 1))
        self.rebuild = nn.Sequential(
            *_norm_relu(32),
            TransposedConv2d(32, 16, (4, 3), (2, 1), (1, 1)),
            *_norm_relu(16),
            TransposedConv2d(16, 1, (4, 3), (2, 1), (1, 0)),
            nn.Sigmoid(),
        )

    def forward(self, cells: Tensor, codes: Tensor, num_codes: int) -> Tensor:
        layers = (self.mix, self.norm, self.widen)
        mel: Tensor = self.rebuild(widen_codes(cells, codes, num_codes, layers))
        return mel


def puzzle_network(latent_dim: int, quantizer: Quantizer) -> GridAutoencoder:
    """The published network: 83,777 parameters with 64 channels and ten gradient codes.

    Two strided convolutions to 32 x 8, interpolated to 30 x 30; two transposed convolutions to
    120 x 120, interpolated to 128 x 32. Parameters are named as published, encoder.encoder.0 to
    decoder.decoder.10.
    """
    return GridAutoencoder(_PuzzleEncoder(latent_dim), quantizer, _PuzzleDecoder(latent_dim))


def aligned_network(latent_dim: int, quantizer: Quantizer) -> GridAutoencoder:
    """A network without interpolation: a column is one or two frames, a row about four bands."""
    return GridAutoencoder(_AlignedEncoder(latent_dim), quantizer, _AlignedDecoder(latent_dim))


def _norm_relu(channels: int) -> tuple[nn.Module, nn.Module]:
    return nn.BatchNorm2d(channels), nn.ReLU(inplace=True)
