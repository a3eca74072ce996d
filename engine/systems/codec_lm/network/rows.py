"""Causal self-attention of a packed stream: rotated by position, attended to in padded rows."""

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.systems.codec_lm.sequence.packing import Packed


class Rows(NamedTuple):
    """Where the positions of a stream attend to one another, and by which angles they are turned.

    The same for every layer, so made once for a batch.
    """

    rows: Tensor
    """Which position of the stream each slot holds, int64 [B, L]."""
    slots: Tensor
    """Which slot each position of the stream is in, int64 [positions]."""
    cosines: Tensor
    """[positions, 1, half of a head's width], and so the sines."""
    sines: Tensor

    @classmethod
    def of(cls, packed: Packed, rotary: nn.Module, states: Tensor) -> "Rows":
        """Rows of a batch; angles of `rotary`, in the type of `states`."""
        cosines, sines = rotary(states, packed.positions[None])
        half = cosines.shape[-1] // 2  # transformers gives every angle twice
        return cls(packed.rows, packed.slots, cosines[0, :, None, :half], sines[0, :, None, :half])

    def attended(self, attention: Any, states: Tensor, wanted: Tensor) -> Tensor:
        """What positions of the stream are given before the output projection, [wanted, inner].

        `attention` has transformers' projections; `states` [positions, dim] are normed. Only the
        slots `wanted` are read.
        """
        width = attention.head_dim
        queries = self._turned(attention.q_proj(states).unflatten(-1, (-1, width)))
        keys = self._turned(attention.k_proj(states).unflatten(-1, (-1, width)))
        values = attention.v_proj(states).unflatten(-1, (-1, width))
        mixed = F.scaled_dot_product_attention(
            self._in_rows(queries),
            self._in_rows(keys),
            self._in_rows(values),
            is_causal=True,
            scale=attention.scaling,
            enable_gqa=True,
        )
        return mixed.transpose(1, 2).flatten(0, 1).flatten(1).index_select(0, wanted)

    def _turned(self, x: Tensor) -> Tensor:
        """Rotary position embedding (Su et al., 2021) of [positions, heads, width]."""
        first, second = x.chunk(2, dim=-1)
        turned = torch.cat(
            [
                first * self.cosines - second * self.sines,
                second * self.cosines + first * self.sines,
            ],
            dim=-1,
        )
        return turned.to(x.dtype)

    def _in_rows(self, x: Tensor) -> Tensor:
        """[positions, heads, width] to [B, heads, L, width]."""
        rows = x.index_select(0, self.rows.flatten()).view(*self.rows.shape, *x.shape[1:])
        return rows.transpose(1, 2)
