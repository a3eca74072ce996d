"""From an optimizer table of the recipe to torch's optimizer."""

from collections.abc import Iterable
from functools import singledispatch

import torch
from torch import nn

from engine.recipe.schema import Adam, AdamW, Optimizer


@singledispatch
def build_optimizer(table: Optimizer, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:  # noqa: ARG001
    """The torch optimizer of a table, in its fused form (one kernel for all tensors)."""
    raise AssertionError(f"no optimizer is written for {type(table).__name__}")


@build_optimizer.register
def _(table: Adam, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    return torch.optim.Adam(
        parameters,
        lr=table.learning_rate,
        betas=table.betas,
        eps=table.epsilon,
        weight_decay=table.weight_decay,
        fused=True,
    )


@build_optimizer.register
def _(table: AdamW, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    return torch.optim.AdamW(
        parameters,
        lr=table.learning_rate,
        betas=table.betas,
        eps=table.epsilon,
        weight_decay=table.weight_decay,
        fused=True,
    )
