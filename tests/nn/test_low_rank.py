import copy

import pytest
import torch
from torch import nn

from engine.nn.low_rank import adapt, adapters_of, are_alike, merged


def network(rank=2, alpha=4.0, dropout=0.0, learned=True):
    """Two adapted layers of three, whose adapters add something where they have `learned`."""
    torch.manual_seed(0)
    made = nn.Sequential(nn.Linear(6, 6), nn.Tanh(), nn.Linear(6, 5), nn.Linear(5, 3))
    torch.manual_seed(1)
    for layer in (made[0], made[2]):
        adapt(layer, rank, alpha, dropout)
        if learned:
            nn.init.normal_(layer.adapter.up.weight)
    return made.eval()


@pytest.fixture
def inputs():
    return torch.randn(4, 7, 6, generator=torch.Generator().manual_seed(2))


def test_an_adapter_adds_scale_times_up_of_down(inputs):
    layer = network()[0]
    up, down = layer.adapter.up.weight, layer.adapter.down.weight
    expected = inputs @ layer.weight.T + layer.bias + 4.0 / 2 * (inputs @ down.T @ up.T)
    torch.testing.assert_close(layer(inputs), expected)


def test_an_adapter_adds_nothing_at_first_and_leaves_the_layers_names(inputs):
    torch.manual_seed(0)
    plain = nn.Sequential(nn.Linear(6, 6), nn.Tanh(), nn.Linear(6, 5), nn.Linear(5, 3))
    adapted = network(learned=False)
    assert torch.equal(adapted(inputs), plain(inputs))
    state = adapted.state_dict()
    assert state.keys() - adapters_of(state).keys() == plain.state_dict().keys()


def test_only_adapters_and_what_is_not_adapted_learn(inputs):
    adapted = network()
    adapted(inputs).square().mean().backward()
    learning = {name for name, value in adapted.named_parameters() if value.grad is not None}
    assert learning == {
        *(f"{layer}.adapter.{part}.weight" for layer in (0, 2) for part in ("down", "up")),
        "3.weight",
        "3.bias",
    }


def test_dropout_is_of_what_an_adapter_hears_and_only_in_training(inputs):
    adapted = network(dropout=0.5)
    assert torch.equal(adapted(inputs), network()(inputs))
    adapted.train()
    first, second = (adapted[0](inputs) for _ in range(2))
    assert not torch.equal(first, second)
    adapted[0].adapter.up.weight.data.zero_()
    assert torch.equal(adapted[0](inputs), adapted[0](inputs))


def test_merged_weights_compute_the_same(inputs):
    adapted = network()
    before = copy.deepcopy(adapted.state_dict())
    plain = nn.Sequential(nn.Linear(6, 6), nn.Tanh(), nn.Linear(6, 5), nn.Linear(5, 3))
    plain.load_state_dict(merged(adapted.state_dict(), transposed=False))
    torch.testing.assert_close(plain(inputs), adapted(inputs))
    assert not torch.allclose(plain[0].weight, adapted[0].weight)
    after = adapted.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())


def test_merging_follows_how_weights_stand_in_the_state_dict():
    state = network().state_dict()
    turned = {n: v.T if n in ("0.weight", "2.weight") else v for n, v in state.items()}
    plain, other = merged(state, transposed=False), merged(turned, transposed=True)
    for name in ("0.weight", "2.weight"):
        assert torch.equal(plain[name], other[name].T)


def test_a_state_dict_without_adapters_is_merged_as_it_is():
    state = nn.Linear(3, 2).state_dict()
    assert merged(state, transposed=True) == state


def test_adapters_are_alike_where_layers_ranks_and_scales_are():
    one = network().state_dict()
    assert are_alike(one, network(learned=False).state_dict())
    assert not are_alike(one, network(rank=1, alpha=2.0).state_dict())  # the same scale
    assert not are_alike(one, network(alpha=5.0).state_dict())
    assert not are_alike(one, merged(one, transposed=False))
    assert are_alike(merged(one, transposed=False), {})


def test_a_copy_has_adapters_of_its_own(inputs):
    adapted = network()
    copied = copy.deepcopy(adapted)
    with torch.no_grad():
        copied[0].adapter.up.weight.zero_()
    assert not torch.equal(copied(inputs), adapted(inputs))
