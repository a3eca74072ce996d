import torch
from torch import nn

from engine.nn.adapters import adapt
from engine.nn.precision import as_kept, keep_frozen_in


def network():
    torch.manual_seed(0)
    made = nn.Sequential(nn.Embedding(7, 16), nn.Linear(16, 16), nn.LayerNorm(16), nn.Linear(16, 3))
    adapt(made, ["1"], 2, 4.0)
    nn.init.normal_(made[1].lora_B.default.weight)
    return made


IDS = torch.arange(7)


def gradients(made):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = made(IDS).float().square().mean()
    loss.backward()
    return [loss, *(value.grad for value in made.parameters() if value.requires_grad)]


def test_frozen_linear_layers_take_half_and_the_rest_stays_as_it_was():
    made = network()
    keep_frozen_in(made, torch.bfloat16)
    kept = {name for name, value in made.named_parameters() if value.dtype == torch.bfloat16}
    assert kept == {"1.base_layer.weight", "1.base_layer.bias", "3.weight", "3.bias"}


def test_what_is_computed_and_learned_under_autocast_stays_bit_for_bit():
    one, other = network(), network()
    keep_frozen_in(other, torch.bfloat16)
    for ours, theirs in zip(gradients(one), gradients(other), strict=True):
        assert torch.equal(ours, theirs)


def test_weights_that_are_kept_in_less_are_computed_with_as_in_training():
    made = network()
    with as_kept(made):
        assert made(IDS).dtype == torch.float32
    keep_frozen_in(made, torch.bfloat16)
    with as_kept(made):
        assert made(IDS).dtype == torch.bfloat16
