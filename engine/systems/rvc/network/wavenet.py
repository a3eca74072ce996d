"""WaveNet's gated layers, conditioned on the speaker (`WN` of VITS and RVC, with dilation 1)."""

import torch
from torch import Tensor, nn

from engine.nn.weight_norm import NormedConv1d

KERNEL = 5
"""Frames that a layer sees."""


class WaveNet(nn.Module):
    """Layers that each change what the next one sees, and add to what comes out."""

    def __init__(self, dim: int, speaker_dim: int, num_layers: int) -> None:
        super().__init__()
        self.dim = dim
        self.cond_layer = NormedConv1d(speaker_dim, 2 * dim * num_layers, 1)
        self.in_layers = nn.ModuleList(
            NormedConv1d(dim, 2 * dim, KERNEL, padding=KERNEL // 2) for _ in range(num_layers)
        )
        self.res_skip_layers = nn.ModuleList(
            NormedConv1d(dim, dim if layer == num_layers - 1 else 2 * dim, 1)
            for layer in range(num_layers)
        )

    def forward(self, x: Tensor, mask: Tensor, speaker: Tensor) -> Tensor:
        """Frames [B, dim, T] with `mask` [B, 1, T] of the speakers [B, speaker_dim, 1]."""
        skipped: list[Tensor] = []
        of_layers = self.cond_layer(speaker).chunk(len(self.in_layers), 1)
        for mix, split, condition in zip(
            self.in_layers, self.res_skip_layers, of_layers, strict=True
        ):
            both = split(_gated(mix(x) + condition))
            skipped.append(both[:, -self.dim :])
            if both.shape[1] > self.dim:
                x = (x + both[:, : self.dim]) * mask
        return torch.stack(skipped).sum(0) * mask


def _gated(x: Tensor) -> Tensor:
    signal, gate = x.chunk(2, 1)
    return signal.tanh() * gate.sigmoid()
