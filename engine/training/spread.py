"""Tensors of which every process of a run holds a part (torch's DTensor), and plain ones alike.

torch's part is imported only once there is such a tensor, since that takes a second.
"""

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

if TYPE_CHECKING:
    from torch.distributed.tensor import DTensor


def whole(tensor: Tensor) -> Tensor:
    """All of a tensor, wherever its parts lie. Every process must call it."""
    spread = _spread(tensor)
    return tensor if spread is None else spread.full_tensor()


def local(tensor: Tensor) -> Tensor:
    """The part of a tensor that this process holds: a view, not a copy."""
    spread = _spread(tensor)
    return tensor if spread is None else spread.to_local()


def part_of(full: Tensor, like: Tensor) -> Tensor:
    """Part, in this process, of a whole tensor that every process has, spread as `like` is.

    A tensor of another shape than `like` is returned whole: its user reports the mismatch.
    """
    return part_of_rows(full, like) if full.shape == like.shape else full


def part_of_rows(full: Tensor, like: Tensor) -> Tensor:
    """Part, in this process, of a whole tensor whose rows are spread as those of `like`."""
    spread = _spread(like)
    if spread is None or _spread(full) is not None:
        return full
    from torch.distributed.tensor import distribute_tensor

    here, mesh = full.to(like.device), spread.device_mesh
    return distribute_tensor(here, mesh, spread.placements, src_data_rank=None)


def as_part_of_rows(here: Tensor, like: Tensor) -> Tensor:
    """The tensor of which this process holds `here`: as many rows as it holds of `like`."""
    spread = _spread(like)
    if spread is None:
        return here
    from torch.distributed.tensor import DTensor

    shape = torch.Size([len(like), *here.shape[1:]])
    strides = torch.empty(shape, device="meta").stride()
    mesh = spread.device_mesh
    return DTensor.from_local(
        here, mesh, spread.placements, run_check=False, shape=shape, stride=strides
    )


def whole_values(values: Any) -> Any:
    """Nested tables and lists with every tensor in them whole. Every process must call it."""
    if isinstance(values, dict):
        return {name: whole_values(value) for name, value in values.items()}
    if isinstance(values, list):
        return [whole_values(value) for value in values]
    return whole(values) if isinstance(values, Tensor) else values


def _spread(tensor: Tensor) -> "DTensor | None":
    return tensor if hasattr(tensor, "full_tensor") else None  # type: ignore[return-value]
