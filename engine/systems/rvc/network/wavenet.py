"""WaveNet's gated layers, conditioned on the speaker (`WN` of VITS and RVC, with dilation 1)."""

import torch
from torch import Tensor, nn

from engine.nn.cpu.leaky_convolution import NormedKernel, convolve
from engine.nn.cpu.transposed import autocast_dtype

KERNEL = 5
"""Frames that a layer sees."""


class WaveNet(nn.Module):
    """Layers that each change what the next one sees, and add to what comes out."""

    def __init__(self, dim: int, speaker_dim: int, num_layers: int) -> None:
        super().__init__()
        self.dim = dim
        self.cond_layer = _kernel(speaker_dim, 2 * dim * num_layers, 1)
        self.in_layers = nn.ModuleList(_kernel(dim, 2 * dim, KERNEL) for _ in range(num_layers))
        self.res_skip_layers = nn.ModuleList(
            _kernel(dim, dim if layer == num_layers - 1 else 2 * dim, 1)
            for layer in range(num_layers)
        )

    def forward(self, x: Tensor, mask: Tensor, speaker: Tensor) -> Tensor:
        """Frames [B, dim, T] with `mask` [B, 1, T] of the speakers [B, speaker_dim, 1]."""
        dtype = autocast_dtype(x)
        with torch.autocast(x.device.type, enabled=False):
            rows, mask_rows, voice = (_rows(one).to(dtype) for one in (x, mask, speaker))
            conditions = convolve(voice, self.cond_layer(dtype), leaky=False)
            heard = self._layers(rows, mask_rows, conditions)
        return heard[:, :, 0].transpose(1, 2)

    def _layers(self, x: Tensor, mask: Tensor, conditions: Tensor) -> Tensor:
        """Rows [B, T, 1, dim], and what the speaker adds in all layers [B, 1, 1, ...]."""
        skipped: list[Tensor] = []
        layers = zip(self.in_layers, self.res_skip_layers, strict=True)
        for (hear, split), condition in zip(
            layers, conditions.chunk(len(self.in_layers), -1), strict=True
        ):
            gated = _gated(convolve(x, hear(x.dtype), leaky=False) + condition)
            both = convolve(gated, split(x.dtype), leaky=False)
            skipped.append(both[..., -self.dim :])
            if both.shape[-1] > self.dim:
                x = (x + both[..., : self.dim]) * mask
        return torch.stack(skipped).sum(0) * mask


def _kernel(before: int, after: int, taps: int) -> NormedKernel:
    return NormedKernel(before, after, (taps, 1), (1, 1), (taps // 2, 0), signals=True)


def _rows(x: Tensor) -> Tensor:
    """[B, channels, T] to [B, T, 1, channels]: what convolutions along one axis are fast on."""
    return x.transpose(1, 2)[:, :, None]


def _gated(x: Tensor) -> Tensor:
    signal, gate = x.chunk(2, -1)
    return signal.tanh() * gate.sigmoid()
