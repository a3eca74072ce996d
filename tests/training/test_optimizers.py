from typing import get_args

import pytest
import torch
from torch import nn

from engine.recipe.optimizers import Adam, AdamW, AdamW8bit, Optimizer
from engine.training.optimizers import build_optimizer


@pytest.mark.parametrize("table", get_args(Optimizer))
def test_every_kind_of_the_recipe_has_its_optimizer(table):
    if table is AdamW8bit:
        pytest.importorskip("torchao", reason="the extra cantus[8bit] is not installed")
    built = build_optimizer(
        table(learning_rate=0.5, betas=(0.1, 0.2), epsilon=1e-3, weight_decay=0.25),
        {"weight": nn.Parameter(torch.ones(1))},
    )
    (group,) = built.param_groups
    assert (group["lr"], group["betas"], group["eps"]) == (0.5, (0.1, 0.2), 1e-3)
    assert group["weight_decay"] == 0.25


def test_adam_and_adamw_decay_weights_their_own_way():
    moved = []
    for table in (Adam, AdamW):
        weight = nn.Parameter(torch.ones(1))
        weight.grad = torch.zeros(1)
        build_optimizer(table(learning_rate=0.1, weight_decay=0.5), {"weight": weight}).step()
        moved.append(float(weight.detach()))
    assert moved == pytest.approx([0.9, 0.95])


def test_biases_norms_and_embeddings_are_spared_where_weights_alone_decay():
    values = {name: nn.Parameter(torch.ones(1)) for name in ("weight", "bias")}
    for value in values.values():
        value.grad = torch.zeros(1)
    table = AdamW(learning_rate=0.1, weight_decay=0.5, decays="weights")
    build_optimizer(table, values, frozenset({"bias"})).step()
    assert {n: float(v.detach()) for n, v in values.items()} == pytest.approx(
        {"weight": 0.95, "bias": 1.0}
    )
    everything = AdamW(learning_rate=0.1, weight_decay=0.5)
    assert len(build_optimizer(everything, values, frozenset({"bias"})).param_groups) == 1
