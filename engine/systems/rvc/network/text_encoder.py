"""The prior: what content and pitch say of the latents (`TextEncoder` of RVC, without any text)."""

import math

import torch.nn.functional as F
from torch import Tensor, nn

from engine.systems.rvc.network.attention import RelativeAttention
from engine.systems.rvc.network.settings import SynthesizerSettings

NUM_PITCHES = 256
"""Coarse bins of the pitch; 0 does not occur."""


class TextEncoder(nn.Module):
    """A transformer over frames of content and coarse pitch."""

    def __init__(self, settings: SynthesizerSettings) -> None:
        super().__init__()
        dim = settings.hidden_dim
        self.emb_phone = nn.Linear(settings.content_dim, dim)
        if settings.uses_f0:
            self.emb_pitch = nn.Embedding(NUM_PITCHES, dim)
        self.encoder = _Transformer(settings)
        self.proj = nn.Conv1d(dim, 2 * settings.latent_dim, 1)

    def forward(
        self, content: Tensor, f0_coarse: Tensor | None, mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Mean and logarithm of the deviation of the latents, both [B, latent_dim, T].

        Args:
            content: Content vectors [B, T, content_dim].
            f0_coarse: Bins of the pitch [B, T], int64 in 1..255; None of a network without f0.
            mask: 1 in the frames of each clip [B, 1, T].

        """
        x = self.emb_phone(content)
        if f0_coarse is not None:
            x = x + self.emb_pitch(f0_coarse)
        x = F.leaky_relu(x * math.sqrt(x.shape[-1]), 0.1).transpose(1, 2)
        mean, log_deviation = (self.proj(self.encoder(x, mask)).float() * mask).chunk(2, 1)
        return mean, log_deviation


class _Transformer(nn.Module):
    """Layers of attention and convolution, each followed by the norm of its sum with the input."""

    def __init__(self, settings: SynthesizerSettings) -> None:
        super().__init__()
        dim, layers = settings.hidden_dim, range(settings.num_layers)
        self.drop = nn.Dropout(settings.dropout)
        self.attn_layers = nn.ModuleList(
            RelativeAttention(dim, settings.num_heads, settings.dropout) for _ in layers
        )
        self.norm_layers_1 = nn.ModuleList(_ChannelNorm(dim) for _ in layers)
        self.ffn_layers = nn.ModuleList(_FeedForward(settings) for _ in layers)
        self.norm_layers_2 = nn.ModuleList(_ChannelNorm(dim) for _ in layers)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        x = x * mask
        layers = (self.attn_layers, self.norm_layers_1, self.ffn_layers, self.norm_layers_2)
        for attend, norm_1, feed_forward, norm_2 in zip(*layers, strict=True):
            x = norm_1(x + self.drop(attend(x, mask)))
            x = norm_2(x + self.drop(feed_forward(x, mask)))
        return x * mask


class _ChannelNorm(nn.Module):
    """Layer norm over the channels of [B, channels, T], by RVC's names of its parameters."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        plain = nn.LayerNorm(channels)
        self.gamma, self.beta = plain.weight, plain.bias

    def forward(self, x: Tensor) -> Tensor:
        normed = F.layer_norm(x.transpose(1, 2), self.gamma.shape, self.gamma, self.beta)
        return normed.transpose(1, 2)


class _FeedForward(nn.Module):
    """Two convolutions, of frames that a clip has alone."""

    def __init__(self, settings: SynthesizerSettings) -> None:
        super().__init__()
        kernel, dim = settings.feed_forward_kernel, settings.hidden_dim
        self.conv_1 = nn.Conv1d(dim, settings.filter_dim, kernel)
        self.conv_2 = nn.Conv1d(settings.filter_dim, dim, kernel)
        self.drop = nn.Dropout(settings.dropout)
        self.margins = ((kernel - 1) // 2, kernel // 2)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        hidden = self.drop(F.relu(self.conv_1(F.pad(x * mask, self.margins))))
        changed: Tensor = self.conv_2(F.pad(hidden * mask, self.margins))
        return changed * mask
