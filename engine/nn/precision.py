"""Frozen weights in half their size, computed with as autocast would compute."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import nn


def keep_frozen_in(module: nn.Module, dtype: torch.dtype) -> None:
    """Keep frozen weights of linear layers in the type that autocast rounds them to in each step.

    What is computed under autocast stays the same bit for bit. Norms and embeddings, which
    autocast computes with in float32, stay in float32, and so does all that is learned.
    """
    for layer in module.modules():
        if isinstance(layer, nn.Linear):
            for parameter in layer.parameters(recurse=False):
                if not parameter.requires_grad:
                    parameter.data = parameter.data.to(dtype)


def as_kept(module: nn.Module) -> AbstractContextManager[Any]:
    """Autocast, where weights of the module are kept in less than float32: in evaluation too."""
    kept = {p.dtype for p in module.parameters()} - {torch.float32}
    if not kept:
        return nullcontext()
    (dtype,) = kept
    return torch.autocast(next(module.parameters()).device.type, dtype=dtype)
