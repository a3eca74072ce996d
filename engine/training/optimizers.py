"""From an optimizer table of the recipe to torch's optimizer."""

from collections.abc import Collection, Mapping
from typing import Any

import torch
from torch import nn

from engine.recipe.optimizers import Adam, AdamW, Optimizer

_CLASSES = {Adam: torch.optim.Adam, AdamW: torch.optim.AdamW}


def build_optimizer(
    table: Optimizer, parameters: Mapping[str, nn.Parameter], undecayed: Collection[str] = ()
) -> torch.optim.Optimizer:
    """The torch optimizer of a table, in its fused form (one kernel for all tensors).

    `undecayed` are the names of those that never decay where the table says `decays = "weights"`.
    """
    spared = set(undecayed) if getattr(table, "decays", "") == "weights" else set()
    groups: list[dict[str, Any]] = [
        {"params": [p for name, p in parameters.items() if name not in spared]}
    ]
    if spared:
        rest = [p for name, p in parameters.items() if name in spared]
        groups.append({"params": rest, "weight_decay": 0.0})
    built: torch.optim.Optimizer = _CLASSES[type(table)](
        groups,
        lr=table.learning_rate,
        betas=table.betas,
        eps=table.epsilon,
        weight_decay=table.weight_decay,
        fused=True,
    )
    return built
