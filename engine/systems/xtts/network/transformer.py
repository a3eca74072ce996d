"""GPT-2's transformer (Radford et al., 2019) without embeddings: vectors in, vectors out.

Pre-norm blocks of causal self-attention and a feed-forward network. Parameters have the names and
shapes of those of `transformers.GPT2Model`.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_INITIAL_STD = 0.02


class KeysAndValues:
    """What one layer's attention has seen: room for `capacity` positions, filled from the left."""

    def __init__(self, capacity: int) -> None:
        self._capacity, self._length = capacity, 0
        self._keys: Tensor | None = None
        self._values: Tensor | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing was added yet."""
        return self._length == 0

    def extend(self, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Add those of new positions [B, heads, new, dim of a head]; all so far, as views."""
        if self._keys is None or self._values is None:  # of the type that autocast computes in
            batch, heads, _, dim = keys.shape
            self._keys = keys.new_empty(batch, heads, self._capacity, dim)
            self._values = torch.empty_like(self._keys)
        start, self._length = self._length, self._length + keys.shape[2]
        assert self._length <= self._capacity
        self._keys[:, :, start : self._length] = keys
        self._values[:, :, start : self._length] = values
        return self._keys[:, :, : self._length], self._values[:, :, : self._length]


class TransposedLinear(nn.Linear):
    """`nn.Linear` whose weight is [in, out], as that of GPT-2's `Conv1D`.

    So it is multiplied by one vector at a time, as in decoding, a fifth faster.
    """

    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__(in_features, out_features)
        self.weight = nn.Parameter(self.weight.detach().t().contiguous())

    def forward(self, x: Tensor) -> Tensor:
        """[..., in] to [..., out]."""
        return F.linear(x, self.weight.t(), self.bias)


class _Attention(nn.Module):
    def __init__(self, dim: int, num_heads: int, dropout: float) -> None:
        super().__init__()
        self.c_attn = TransposedLinear(dim, 3 * dim)
        self.c_proj = TransposedLinear(dim, dim)
        self.num_heads, self.dropout = num_heads, dropout

    def forward(
        self, x: Tensor, seen: KeysAndValues | None = None, visible: Tensor | None = None
    ) -> Tensor:
        batch, length, dim = x.shape
        by_head = self.c_attn(x).view(batch, length, 3, self.num_heads, dim // self.num_heads)
        queries, keys, values = by_head.permute(2, 0, 3, 1, 4)
        causal = visible is None and (seen is None or seen.is_empty)
        if seen is not None:
            keys, values = seen.extend(keys, values)
        attended = F.scaled_dot_product_attention(
            queries,
            keys,
            values,
            attn_mask=visible,
            dropout_p=self.dropout if self.training else 0.0,
            is_causal=causal,
        )
        mixed = self.c_proj(attended.transpose(1, 2).reshape(batch, length, dim))
        return F.dropout(mixed, self.dropout, self.training)


class _FeedForward(nn.Module):
    def __init__(self, dim: int, dropout: float) -> None:
        super().__init__()
        self.c_fc = TransposedLinear(dim, 4 * dim)
        self.c_proj = TransposedLinear(4 * dim, dim)
        self.dropout = dropout

    def forward(self, x: Tensor) -> Tensor:
        mixed = self.c_proj(F.gelu(self.c_fc(x), approximate="tanh"))
        return F.dropout(mixed, self.dropout, self.training)


class _Block(nn.Module):
    def __init__(self, dim: int, num_heads: int, dropout: float) -> None:
        super().__init__()
        self.ln_1, self.attn = nn.LayerNorm(dim), _Attention(dim, num_heads, dropout)
        self.ln_2, self.mlp = nn.LayerNorm(dim), _FeedForward(dim, dropout)

    def forward(
        self, x: Tensor, seen: KeysAndValues | None = None, visible: Tensor | None = None
    ) -> Tensor:
        x = x + self.attn(self.ln_1(x), seen, visible)
        added: Tensor = x + self.mlp(self.ln_2(x))
        return added


class CausalTransformer(nn.Module):
    """A stack of blocks and a last layer norm, initialized as GPT-2 is.

    `dropout` is that of the input, of attention weights and of what either half of a block adds.
    """

    def __init__(self, num_layers: int, dim: int, num_heads: int, dropout: float) -> None:
        super().__init__()
        self.h = nn.ModuleList(_Block(dim, num_heads, dropout) for _ in range(num_layers))
        self.ln_f = nn.LayerNorm(dim)
        self.dropout = dropout
        self._initialize()

    def forward(
        self,
        x: Tensor,
        seen: list[KeysAndValues] | None = None,
        visible: Tensor | None = None,
    ) -> Tensor:
        """Vectors [B, length, dim] to vectors of the same shape, each of it and those before it.

        With `seen`, one for each layer, they follow what was passed before and are added to it:
        any number of vectors first, then one at a time. `visible` [B, 1, length, all so far] says
        which positions each may see, where that is not all up to itself.
        """
        x = F.dropout(x, self.dropout, self.training)
        for layer, block in enumerate(self.h):
            x = block(x, None if seen is None else seen[layer], visible)
        normed: Tensor = self.ln_f(x)
        return normed

    def memory(self, capacity: int) -> list[KeysAndValues]:
        """Room for `capacity` positions in each layer: `seen`, to begin with."""
        return [KeysAndValues(capacity) for _ in self.h]

    @torch.no_grad()
    def _initialize(self) -> None:
        """Normal weights, biases zero, what adds to the residual path scaled by its depth."""
        for name, parameter in self.h.named_parameters():
            if name.endswith("c_proj.weight"):
                parameter.normal_(std=_INITIAL_STD / math.sqrt(2 * len(self.h)))
            elif name.endswith(("c_attn.weight", "c_fc.weight")):
                parameter.normal_(std=_INITIAL_STD)
            elif name.endswith(("c_proj.bias", "c_attn.bias", "c_fc.bias")):
                parameter.zero_()
