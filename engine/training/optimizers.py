"""From an optimizer table of the recipe to torch's optimizer."""

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any

import torch
from torch import nn

from engine.errors import UserError
from engine.recipe.optimizers import AdamW, AdamW8bit, Optimizer


def build_optimizer(
    table: Optimizer, parameters: Mapping[str, nn.Parameter], undecayed: Collection[str] = ()
) -> torch.optim.Optimizer:
    """The torch optimizer of a table, in its fused form (one kernel for all tensors).

    `undecayed` names the parameters that do not decay where the table says `decays = "weights"`.
    Raises UserError where a package it needs is not installed.
    """
    spared = set(undecayed) if getattr(table, "decays", "") == "weights" else set()
    groups: list[dict[str, Any]] = [
        {"params": [p for name, p in parameters.items() if name not in spared]}
    ]
    if spared:
        rest = [p for name, p in parameters.items() if name in spared]
        groups.append({"params": rest, "weight_decay": 0.0})
    built: torch.optim.Optimizer = _kind(table)(
        groups,
        lr=table.learning_rate,
        betas=table.betas,
        eps=table.epsilon,
        weight_decay=table.weight_decay,
    )
    return built


def _kind(table: Optimizer) -> Callable[..., torch.optim.Optimizer]:
    if isinstance(table, AdamW8bit):
        return _adamw_8bit()
    kind = torch.optim.AdamW if isinstance(table, AdamW) else torch.optim.Adam
    return partial(kind, fused=True)


def _adamw_8bit() -> Callable[..., torch.optim.Optimizer]:
    try:
        from engine.training.adamw_8bit import BlockwiseAdamW  # takes seconds
    except ModuleNotFoundError as error:
        raise UserError(
            "An optimizer of kind 'adamw_8bit' needs torchao, which is not installed. Install it "
            "with `pip install 'cantus[8bit]'`, or set the kind to 'adamw'."
        ) from error
    return partial(BlockwiseAdamW, bf16_stochastic_round=True)
