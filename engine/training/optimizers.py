"""From an optimizer table of the recipe to torch's optimizer."""

from collections.abc import Iterable

import torch
from torch import nn

from engine.recipe.schema import Adam, AdamW, Optimizer

_CLASSES = {Adam: torch.optim.Adam, AdamW: torch.optim.AdamW}


def build_optimizer(table: Optimizer, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    """The torch optimizer of a table, in its fused form (one kernel for all tensors)."""
    built: torch.optim.Optimizer = _CLASSES[type(table)](
        parameters,
        lr=table.learning_rate,
        betas=table.betas,
        eps=table.epsilon,
        weight_decay=table.weight_decay,
        fused=True,
    )
    return built
