"""How XTTS hears a voice: a mel spectrogram of any length to a fixed number of vectors.

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


def real_frames(lengths: Tensor, num_frames: int) -> Tensor:
    """Which frames are a row's own and which padding: lengths [B] to booleans [B, num_frames]."""
    return torch.arange(num_frames, device=lengths.device) < lengths[:, None]


class ConditioningEncoder(nn.Module):
    """Mel spectrograms [B, num_mels, frames] to vectors [B, frames, dim]."""

    def __init__(self, num_mels: int, dim: int, num_heads: int) -> None:
        super().__init__()
        self.init = nn.Conv1d(num_mels, dim, 1)
        self.attn = nn.ModuleList(_FrameAttention(dim, num_heads) for _ in range(_NUM_BLOCKS))

    def forward(self, mels: Tensor, real: Tensor | None = None) -> Tensor:
        """With `real` [B, frames], the other frames have no influence on these."""
        frames = _of_each(self.init, mels.mT)
        for block in self.attn:
            frames = block(frames, real)
        return frames


class _FrameAttention(nn.Module):
    """What it hears is added to the normed input, not to the input: so the weights were learned."""

    def __init__(self, dim: int, num_heads: int) -> None:
        super().__init__()
        self.norm = _FrameGroupNorm(_num_groups(dim), dim)
        self.qkv = nn.Conv1d(dim, 3 * dim, 1)
        self.proj_out = nn.Conv1d(dim, dim, 1)
        assert self.proj_out.bias is not None
        nn.init.zeros_(self.proj_out.weight)
        nn.init.zeros_(self.proj_out.bias)
        self.num_heads = num_heads

    def forward(self, frames: Tensor, real: Tensor | None) -> Tensor:
        normed = self.norm(frames, real)
        by_head = _of_each(self.qkv, normed).view(*frames.shape[:2], self.num_heads, 3, -1)
        queries, keys, values = by_head.permute(3, 0, 2, 1, 4)
        mask = None if real is None else real[:, None, None]
        heard = F.scaled_dot_product_attention(queries, keys, values, attn_mask=mask)
        added: Tensor = normed + _of_each(self.proj_out, heard.transpose(1, 2).flatten(2))
        return added


def _of_each(pointwise: nn.Conv1d, frames: Tensor) -> Tensor:
    """A convolution of kernel size 1 over vectors [B, frames, in]: a linear layer, and as fast."""
    return F.linear(frames, pointwise.weight.squeeze(-1), pointwise.bias)


def _num_groups(dim: int) -> int:
    """As many groups as upstream's: 32, fewer for few channels, and a divisor of them."""
    most = 8 if dim <= 16 else 16 if dim <= 64 else 32
    return math.gcd(most, dim)


class _FrameGroupNorm(nn.GroupNorm):
    """Group normalisation (Wu and He, 2018) of vectors [B, frames, dim], over each row's frames."""

    def forward(self, frames: Tensor, real: Tensor | None = None) -> Tensor:
        """In fp32; with `real` [B, frames], by the statistics of these frames alone."""
        groups = frames.float().view(*frames.shape[:2], self.num_groups, -1)
        if real is None:
            variance, mean = torch.var_mean(groups, (1, 3), correction=0, keepdim=True)
        else:
            shares = (real / (real.sum(1, keepdim=True) * groups.shape[-1]))[:, :, None, None]
            mean = (groups * shares).sum((1, 3), keepdim=True)
            variance = ((groups - mean).square() * shares).sum((1, 3), keepdim=True)
        normed = ((groups - mean) * torch.rsqrt(variance + self.eps)).flatten(2)
        return torch.addcmul(self.bias, normed, self.weight)


class PerceiverResampler(nn.Module):
    """Frames [B, frames, dim] to latents [B, num_latents, dim]."""

    def __init__(self, dim: int, num_latents: int) -> None:
        super().__init__()
        self.latents = nn.Parameter(torch.empty(num_latents, dim).normal_(std=0.02))
        self.layers = nn.ModuleList(_ResamplerLayer(dim) for _ in range(_NUM_RESAMPLER_LAYERS))
        self.norm = _RootMeanSquareNorm(dim)

    def forward(self, frames: Tensor, real: Tensor | None = None) -> Tensor:
        """With `real` [B, frames], latents attend to these frames only."""
        latents = self.latents.expand(len(frames), -1, -1)
        for layer in self.layers:
            latents = layer(latents, frames, real)
        normed: Tensor = self.norm(latents)
        return normed


class _ResamplerLayer(nn.ModuleList):
    """Named by number, as upstream's: attention, then a feed-forward network."""

    def __init__(self, dim: int) -> None:
        super().__init__((_LatentAttention(dim), _gated_feed_forward(dim)))

    def forward(self, latents: Tensor, frames: Tensor, real: Tensor | None) -> Tensor:
        attention, feed_forward = self
        latents = latents + attention(latents, frames, real)
        added: Tensor = latents + feed_forward(latents)
        return added


class _LatentAttention(nn.Module):
    """Latents attend to themselves and to the frames."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        inner = _RESAMPLER_HEADS * _RESAMPLER_HEAD_DIM
        self.to_q = nn.Linear(dim, inner, bias=False)
        self.to_kv = nn.Linear(dim, 2 * inner, bias=False)
        self.to_out = nn.Linear(inner, dim, bias=False)

    def forward(self, latents: Tensor, frames: Tensor, real: Tensor | None) -> Tensor:
        attended = torch.cat([latents, frames], dim=1)
        queries = _by_head(self.to_q(latents))
        keys, values = map(_by_head, self.to_kv(attended).chunk(2, dim=-1))
        mask = (
            None if real is None else F.pad(real, (latents.shape[1], 0), value=True)[:, None, None]
        )
        heard = F.scaled_dot_product_attention(queries, keys, values, attn_mask=mask)
        mixed: Tensor = self.to_out(heard.transpose(1, 2).flatten(2))
        return mixed


def _by_head(x: Tensor) -> Tensor:
    """[B, length, heads * dim of a head] to [B, heads, length, dim of a head]."""
    return x.view(*x.shape[:2], _RESAMPLER_HEADS, -1).transpose(1, 2)


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
