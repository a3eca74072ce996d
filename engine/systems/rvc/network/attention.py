"""Self-attention that knows how far apart two frames are (Shaw et al., 2018), as VITS has it."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

WINDOW = 10
"""Distances in frames, each way, that have vectors of their own; farther ones have none."""
_MASKED = -1e4


class RelativeAttention(nn.Module):
    """Attention over all frames, with vectors for distances that all heads share.

    Keys and shapes are those of `MultiHeadAttention` of RVC.
    """

    def __init__(self, dim: int, num_heads: int, dropout: float) -> None:
        super().__init__()
        assert dim % num_heads == 0, f"{dim} channels in {num_heads} heads"
        self.num_heads, head_dim = num_heads, dim // num_heads
        self.drop = nn.Dropout(dropout)
        self.conv_q, self.conv_k, self.conv_v, self.conv_o = (
            nn.Conv1d(dim, dim, 1) for _ in range(4)
        )
        self.emb_rel_k = nn.Parameter(torch.randn(1, 2 * WINDOW + 1, head_dim) * head_dim**-0.5)
        self.emb_rel_v = nn.Parameter(torch.randn(1, 2 * WINDOW + 1, head_dim) * head_dim**-0.5)
        for conv in (self.conv_q, self.conv_k, self.conv_v):
            nn.init.xavier_uniform_(conv.weight)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Frames [B, dim, T] of which `mask` [B, 1, T] is 1 where they may be attended to."""
        queries, keys, values = (self._heads(conv(x)) for conv in self._inputs())
        queries = queries * queries.shape[-1] ** -0.5
        scores = queries @ keys.transpose(-2, -1) + _by_place(queries @ self.emb_rel_k[0].t())
        weights = self.drop(scores.masked_fill(mask[:, None] == 0, _MASKED).softmax(-1))
        mixed = weights @ values + _by_distance(weights) @ self.emb_rel_v[0]
        attended: Tensor = self.conv_o(mixed.transpose(2, 3).flatten(1, 2))
        return attended

    def _inputs(self) -> tuple[nn.Conv1d, nn.Conv1d, nn.Conv1d]:
        return self.conv_q, self.conv_k, self.conv_v

    def _heads(self, x: Tensor) -> Tensor:
        """[B, dim, T] to [B, heads, T, dim of a head]."""
        batch, dim, num_frames = x.shape
        return x.view(batch, self.num_heads, dim // self.num_heads, num_frames).transpose(2, 3)


def _by_place(of_distances: Tensor) -> Tensor:
    """Values [..., T, 2 * WINDOW + 1] of each frame's distances, as [..., T, T] of its places.

    A row of the wider matrix [T, T + 2 * WINDOW] begins one place further right than the one above,
    as rows do that are longer by one and then read as if they were not.
    """
    num_frames = of_distances.shape[-2]
    width = num_frames + 2 * WINDOW
    rows = F.pad(of_distances, (0, num_frames)).flatten(-2)[..., : num_frames * width]
    wide = rows.view(*rows.shape[:-1], num_frames, width)
    return wide[..., WINDOW : WINDOW + num_frames]


def _by_distance(of_places: Tensor) -> Tensor:
    """The inverse: what [..., T, T] has within the window, as [..., T, 2 * WINDOW + 1]."""
    num_frames = of_places.shape[-1]
    rows = F.pad(F.pad(of_places, (WINDOW, WINDOW)).flatten(-2), (0, num_frames))
    return rows.view(*rows.shape[:-1], num_frames, -1)[..., : 2 * WINDOW + 1]
