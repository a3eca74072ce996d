"""Low-rank adapters (LoRA; Hu et al., 2021): what is learned beside weights that stay as they are.

An adapter is a child of the layer that it adapts, so that the layer's own weights keep their names
in a state dict: "attn.weight" stands beside "attn.adapter.up.weight".
"""

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_CHILD = "adapter"
_SCALE = f".{_CHILD}.scale"


class LowRankAdapter(nn.Module):
    """What is added to a linear layer's output: scale * up(down(dropout(x))).

    `up` begins as zero, and `down` as any linear layer does: nothing is added at first. The scale
    is alpha / rank, and a buffer: a state dict says all that the adapter does.
    """

    scale: Tensor

    def __init__(
        self, in_features: int, out_features: int, rank: int, alpha: float, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.down = nn.Linear(in_features, rank, bias=False)
        self.up = nn.Linear(rank, out_features, bias=False)
        nn.init.zeros_(self.up.weight)
        self.dropout = dropout
        self.register_buffer("scale", torch.tensor(alpha / rank))

    def forward(self, x: Tensor) -> Tensor:
        """[..., in_features] to [..., out_features]."""
        heard = F.dropout(x, self.dropout, self.training)
        added: Tensor = self.up(self.down(heard) * self.scale)
        return added


def adapt(linear: nn.Linear, rank: int, alpha: float, dropout: float = 0.0) -> None:
    """Freeze a linear layer, of whatever subclass, and give it an adapter."""
    assert not hasattr(linear, _CHILD), "one layer has one adapter"
    linear.requires_grad_(False)
    adapter = LowRankAdapter(linear.in_features, linear.out_features, rank, alpha, dropout)
    linear.add_module(_CHILD, adapter)
    linear.register_forward_hook(_add_adapter)


def _add_adapter(linear: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> Tensor:
    added: Tensor = linear.get_submodule(_CHILD)(inputs[0])
    return output + added


def adapters_of(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of a state dict that belong to adapters."""
    return {name: value for name, value in state.items() if f".{_CHILD}." in name}


def are_alike(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> bool:
    """Whether two state dicts hold adapters of the same layers, ranks and scales, or both none."""
    one, other = adapters_of(one), adapters_of(other)
    return one.keys() == other.keys() and all(
        value.shape == other[name].shape
        and (not name.endswith(_SCALE) or float(value) == float(other[name]))
        for name, value in one.items()
    )


@torch.no_grad()
def merged(state: Mapping[str, Tensor], *, transposed: bool) -> dict[str, Tensor]:
    """A state dict without adapters that computes the same: weight + scale * up @ down.

    `transposed` says that the adapted weights stand in it as [in, out], not as [out, in]. What is
    handed in stays as it is.
    """
    plain = {name: value for name, value in state.items() if f".{_CHILD}." not in name}
    for name, scale in state.items():
        if name.endswith(_SCALE):
            layer = name.removesuffix(_SCALE)
            up, down = (state[f"{layer}.{_CHILD}.{part}.weight"] for part in ("up", "down"))
            added = scale * (up @ down)
            plain[f"{layer}.weight"] = state[f"{layer}.weight"] + (
                added.t() if transposed else added
            )
    return plain
