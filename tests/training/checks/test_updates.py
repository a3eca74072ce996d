"""Groups of modules that move, and those that do not."""

import pytest
import torch
from torch import nn

from engine.training.checks.updates import group_of, squared_norms, updates_check
from engine.training.ranks import ALONE
from engine.training.system import Turn


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.lora_A = nn.Linear(4, 2, bias=False)
        self.lora_B = nn.Linear(2, 4, bias=False)


@pytest.fixture
def looked_at():
    """A module of two layers, and what the check says after changes to its weights."""
    module = nn.ModuleDict({"layers": nn.ModuleList([Layer(), Layer()]), "head": nn.Linear(4, 4)})
    nn.init.zeros_(module["layers"][0].lora_B.weight)
    before = {name: one.detach().clone() for name, one in module.named_parameters()}

    def look():
        turn = Turn("lm", dict(module.named_parameters()), {})
        return updates_check(squared_norms([turn], before, ALONE), 6)

    return module, look


@torch.no_grad()
def move(module, *but):
    for name, one in module.named_parameters():
        if not any(part in name for part in but):
            one.add_(0.01)


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("network.gpt.h.3.attn.c_attn.weight", "network.gpt.h.*.attn.c_attn"),
        ("model.layers.11.mlp.up.lora_A.default.weight", "model.layers.*.mlp.up.lora_A.default"),
        ("idle", "idle"),
    ],
)
def test_a_group_is_what_all_layers_have_alike(name, group):
    assert group_of(name) == group


def test_all_that_moves_passes_with_the_least_and_the_most(looked_at):
    module, look = looked_at
    move(module)
    check = look()
    assert check.ok
    assert check.detail.startswith("all 3 groups of modules move in 6 steps, by ")


def test_one_layer_that_moves_is_enough_for_its_group(looked_at):
    module, look = looked_at
    move(module, "layers.0.lora_A")
    assert look().ok


def test_a_group_that_stays_put_is_named_with_its_tensors(looked_at):
    module, look = looked_at
    move(module, "lora_B")
    check = look()
    assert check.ok is False
    assert check.detail.startswith("the update of layers.*.lora_B (2 tensors) is exactly zero")


def test_weights_that_are_no_numbers_are_named(looked_at):
    module, look = looked_at
    move(module)
    module["head"].bias.data[0] = float("nan")
    assert "the update of head (2 tensors) is not finite" in look().detail
