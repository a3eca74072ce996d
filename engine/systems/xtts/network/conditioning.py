"""The conditioning of XTTS: a mel spectrogram of any length to a fixed number of vectors.

An encoder of non-causal attention blocks over frames (Tortoise; Betker, 2023), then a perceiver
resampler (Alayrac et al., 2022, section 3.1.1), whose learned latents attend to the frames.
Parameters are named as upstream's.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_NUM_BLOCKS = 6
_NUM_RESAMPLER_LAYERS = 2
_RESAMPLER_HEADS = 8
_RESAMPLER_HEAD_DIM = 64


class ConditioningEncoder(nn.Module):
    """Mel spectrograms [B, num_mels, frames] to vectors [B, frames, dim]."""

    def __init__(self, num_mels: int, dim: int, num_heads: int) -> None:
        super().__init__()
        self.init = nn.Conv1d(num_mels, dim, 1)
        self.attn = nn.ModuleList(_FrameAttention(dim, num_heads) for _ in range(_NUM_BLOCKS))

    def forward(self, mels: Tensor) -> Tensor:
        """Vectors [B, frames, dim] of mels; each frame attends to all, padding included."""
        frames = _of_each(self.init, mels.mT)
        for block in self.attn:
            frames = block(frames)
        return frames


class _FrameAttention(nn.Module):
    """Attention that is added to the normed input, not to the input, as in upstream's training."""

    def __init__(self, dim: int, num_heads: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(_num_groups(dim), dim)
        self.qkv = nn.Conv1d(dim, 3 * dim, 1)
        self.proj_out = nn.Conv1d(dim, dim, 1)
        assert self.proj_out.bias is not None
        nn.init.zeros_(self.proj_out.weight)
        nn.init.zeros_(self.proj_out.bias)
        self.num_heads = num_heads

    def forward(self, frames: Tensor) -> Tensor:
        normed = self.norm(frames.float().mT).mT
        by_head = _of_each(self.qkv, normed).view(*frames.shape[:2], self.num_heads, 3, -1)
        queries, keys, values = by_head.permute(3, 0, 2, 1, 4)
        attended = F.scaled_dot_product_attention(queries, keys, values)
        added: Tensor = normed + _of_each(self.proj_out, attended.transpose(1, 2).flatten(2))
        return added


def _of_each(pointwise: nn.Conv1d, frames: Tensor) -> Tensor:
    """A convolution of kernel size 1 over vectors [B, frames, in]: a linear layer, and as fast."""
    return F.linear(frames, pointwise.weight.squeeze(-1), pointwise.bias)


def _num_groups(dim: int) -> int:
    """Number of groups, as upstream has it: 32, or fewer for few channels, and a divisor."""
    most = 8 if dim <= 16 else 16 if dim <= 64 else 32
    return math.gcd(most, dim)


class PerceiverResampler(nn.Module):
    """Frames [B, frames, dim] to latents [B, num_latents, dim]."""

    def __init__(self, dim: int, num_latents: int) -> None:
        super().__init__()
        self.latents = nn.Parameter(torch.empty(num_latents, dim).normal_(std=0.02))
        self.layers = nn.ModuleList(_ResamplerLayer(dim) for _ in range(_NUM_RESAMPLER_LAYERS))
        self.norm = _RootMeanSquareNorm(dim)

    def forward(self, frames: Tensor) -> Tensor:
        """Latents of a voice; as many of few frames as of many."""
        latents = self.latents.expand(len(frames), -1, -1)
        for layer in self.layers:
            latents = layer(latents, frames)
        normed: Tensor = self.norm(latents)
        return normed


class _ResamplerLayer(nn.ModuleList):
    """Named by number, as upstream's: attention, then a feed-forward network."""

    def __init__(self, dim: int) -> None:
        super().__init__((_LatentAttention(dim), _gated_feed_forward(dim)))

    def forward(self, latents: Tensor, frames: Tensor) -> Tensor:
        attention, feed_forward = self
        latents = latents + attention(latents, frames)
        added: Tensor = latents + feed_forward(latents)
        return added


class _LatentAttention(nn.Module):
    """Latents attend to themselves and to the frames.

    Keys and values are never made of all frames. A latent's query is taken to where the frames are
    (q · K x = Kᵀ q · x), and values are made of what each latent attended to (Σ a V x = V Σ a x):
    the same sums in another order, which cost less because latents are few.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        inner = _RESAMPLER_HEADS * _RESAMPLER_HEAD_DIM
        self.to_q = nn.Linear(dim, inner, bias=False)
        self.to_kv = nn.Linear(dim, 2 * inner, bias=False)
        self.to_out = nn.Linear(inner, dim, bias=False)

    def forward(self, latents: Tensor, frames: Tensor) -> Tensor:
        attended = torch.cat([latents, frames], dim=1)[:, None]
        keys, values = self.to_kv.weight.view(2, _RESAMPLER_HEADS, _RESAMPLER_HEAD_DIM, -1)
        queries = self.to_q(latents).unflatten(2, (_RESAMPLER_HEADS, -1)).transpose(1, 2) @ keys
        attended = F.scaled_dot_product_attention(
            queries.flatten(1, 2)[:, None], attended, attended, scale=_RESAMPLER_HEAD_DIM**-0.5
        )
        by_head = attended.view(queries.shape) @ values.mT
        mixed: Tensor = self.to_out(by_head.transpose(1, 2).flatten(2))
        return mixed


class _GatedGelu(nn.Module):
    """One half of the channels times the GELU of the other (Shazeer, 2020)."""

    def forward(self, x: Tensor) -> Tensor:
        values, gates = x.chunk(2, dim=-1)
        return values * F.gelu(gates)


def _gated_feed_forward(dim: int) -> nn.Sequential:
    inner = int(dim * 4 * 2 / 3)
    return nn.Sequential(nn.Linear(dim, 2 * inner), _GatedGelu(), nn.Linear(inner, dim))


class _RootMeanSquareNorm(nn.Module):
    """RMSNorm (Zhang and Sennrich, 2019); `gamma` is called as upstream calls it."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(dim))

    def forward(self, x: Tensor) -> Tensor:
        scale: Tensor = self.gamma * len(self.gamma) ** 0.5
        return F.normalize(x, dim=-1) * scale
