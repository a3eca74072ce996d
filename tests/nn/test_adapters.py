import copy
import subprocess
import sys

import pytest
import torch
from torch import nn

from engine.nn.adapters import (
    adapt,
    adapters_of,
    are_alike,
    continued,
    merged,
    plain_name,
    with_names_of,
)


def plain_network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 6), nn.Tanh(), nn.Linear(6, 5), nn.Linear(5, 3)).eval()


def network(rank=2, alpha=4.0, dropout=0.0, learned=True, names=("0", "2")):
    """Two adapted layers of three, whose adapters add something where they have `learned`."""
    made = plain_network()
    torch.manual_seed(1)
    adapt(made, names, rank, alpha, dropout)
    if learned:
        for name in names:
            nn.init.normal_(made.get_submodule(name).lora_B.default.weight)
    return made.eval()


@pytest.fixture
def inputs():
    return torch.randn(4, 7, 6, generator=torch.Generator().manual_seed(2))


def test_an_adapter_adds_its_scale_times_the_product_of_its_weights(inputs):
    state, layer = network().state_dict(), network()[0]
    down, up = state["0.lora_A.default.weight"], state["0.lora_B.default.weight"]
    weight, bias = state["0.base_layer.weight"], state["0.base_layer.bias"]
    expected = inputs @ weight.T + bias + 4.0 / 2 * (inputs @ down.T @ up.T)
    torch.testing.assert_close(layer(inputs), expected)
    assert state["0.adapter_scale"] == 4.0 / 2 == layer.scaling["default"]


def test_an_adapter_adds_nothing_at_first(inputs):
    assert torch.equal(network(learned=False)(inputs), plain_network()(inputs))


def test_names_lead_to_those_of_the_plain_network_and_back():
    own, plain = network().state_dict(), plain_network().state_dict()
    frozen = own.keys() - adapters_of(own).keys()
    assert {plain_name(name) for name in frozen} == plain.keys()
    assert with_names_of(own, plain).keys() == frozen
    assert with_names_of(plain, plain).keys() == plain.keys()
    assert "4.weight" in with_names_of(own, {"4.weight": torch.zeros(1)})


def test_adapters_learn_and_nothing_else(inputs):
    adapted = network()
    adapted(inputs).square().mean().backward()
    learning = {name for name, value in adapted.named_parameters() if value.grad is not None}
    assert learning == {
        f"{layer}.lora_{part}.default.weight" for layer in (0, 2) for part in ("A", "B")
    }


def test_only_layers_of_exactly_these_names_are_adapted():
    """By peft's own reading of a list, "0" would be the last part of other names too."""
    inner = nn.Sequential(nn.Linear(6, 6), nn.Linear(6, 6))
    made = nn.Sequential(nn.Linear(6, 6), inner)
    adapt(made, ["1.0"], 2, 4.0)
    assert {name.partition(".lora")[0] for name in adapters_of(made.state_dict())} == {
        "1.0",
        "1.0.adapter_scale",
    }
    adapted = network(names=("0",))
    assert not any(name.startswith("2.") for name in adapters_of(adapted.state_dict()))


def test_without_layers_to_adapt_everything_is_frozen():
    made = plain_network()
    adapt(made, [], 2, 4.0)
    assert not any(value.requires_grad for value in made.parameters())
    assert made.state_dict().keys() == plain_network().state_dict().keys()


def test_dropout_is_of_an_adapters_input_and_only_in_training(inputs):
    adapted = network(dropout=0.5)
    assert torch.equal(adapted(inputs), network()(inputs))
    adapted.train()
    first, second = (adapted[0](inputs) for _ in range(2))
    assert not torch.equal(first, second)
    adapted[0].lora_B.default.weight.data.zero_()
    assert torch.equal(adapted[0](inputs), adapted[0](inputs))


def test_merged_weights_compute_the_same(inputs):
    adapted = network()
    before = copy.deepcopy(adapted.state_dict())
    plain = plain_network()
    plain.load_state_dict(merged(adapted.state_dict()))
    torch.testing.assert_close(plain(inputs), adapted(inputs))
    assert not torch.allclose(plain[0].weight, adapted[0].base_layer.weight)
    after = adapted.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())


def test_merged_weights_are_those_that_peft_merges():
    adapted = network()
    expected = merged(adapted.state_dict())
    for layer in (adapted[0], adapted[2]):
        layer.merge()
    assert torch.equal(adapted[0].base_layer.weight, expected["0.weight"])
    assert torch.equal(adapted[2].base_layer.weight, expected["2.weight"])


def test_weights_that_are_kept_in_bf16_are_merged_in_fp32_and_stay_in_bf16():
    adapted = network()
    wide = merged(adapted.state_dict())["0.weight"]
    adapted[0].base_layer.bfloat16()
    narrow = merged(adapted.state_dict())["0.weight"]
    assert narrow.dtype == torch.bfloat16
    torch.testing.assert_close(narrow.float(), wide, rtol=2**-7, atol=2**-7)


def test_merging_follows_how_weights_stand_in_the_state_dict():
    state = network().state_dict()
    adapted = ("0.base_layer.weight", "2.base_layer.weight")
    turned = {n: v.T if n in adapted else v for n, v in state.items()}
    plain, other = merged(state), merged(turned, transposed=True)
    for name in ("0.weight", "2.weight"):
        assert torch.equal(plain[name], other[name].T)


def test_a_state_dict_without_adapters_is_merged_as_it_is():
    state = nn.Linear(3, 2).state_dict()
    assert merged(state) == state


def test_adapters_are_alike_where_layers_ranks_and_scales_are():
    one = network().state_dict()
    assert are_alike(one, network(learned=False).state_dict())
    assert not are_alike(one, network(rank=1, alpha=2.0).state_dict())  # the same scale
    assert not are_alike(one, network(alpha=5.0).state_dict())
    assert not are_alike(one, merged(one))
    assert are_alike(merged(one), {})


@pytest.mark.parametrize(
    ("own", "said"),
    [
        (plain_network(), "its adapters became part of the weights"),
        (network(rank=1, learned=False), "its adapters became part of the weights and new "),
        (network(alpha=5.0, learned=False), "its adapters became part of the weights and new "),
        (network(learned=False), ""),
    ],
    ids=["none", "other rank", "other scale", "alike"],
)
def test_a_later_phase_computes_what_its_parent_did_whatever_adapters_it_has(inputs, own, said):
    parent = network()
    weights, remark = continued(own.state_dict(), parent.state_dict())
    own.load_state_dict(weights)
    assert remark.startswith(said)
    assert bool(remark) == bool(said)
    torch.testing.assert_close(own(inputs), parent(inputs))


def test_adapters_begin_beside_the_weights_of_a_parent_that_had_none(inputs):
    parent, own = plain_network(), network(learned=False)
    for value in parent.parameters():
        nn.init.normal_(value)
    weights, remark = continued(own.state_dict(), parent.state_dict())
    own.load_state_dict(weights)
    assert remark == "new adapters begin, which add nothing yet"
    assert torch.equal(own(inputs), parent(inputs))


def test_a_copy_has_adapters_of_its_own(inputs):
    adapted = network()
    copied = copy.deepcopy(adapted)
    with torch.no_grad():
        copied[0].lora_B.default.weight.zero_()
    assert not torch.equal(copied(inputs), adapted(inputs))


def test_what_has_no_adapters_does_not_wait_for_peft():
    said = "import sys, engine.nn.adapters; sys.exit('peft' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", said], check=False).returncode == 0
