import copy

import pytest
import torch
from torch import nn

from engine.nn.cpu.codewise import widen_codes
from engine.nn.cpu.transposed import TransposedConv2d

NUM_CODES = 5


@pytest.fixture(params=["training", "evaluation"])
def layers(request):
    torch.manual_seed(0)
    made = (nn.Conv2d(6, 8, 1), nn.BatchNorm2d(8), TransposedConv2d(8, 4, 4, 2, 1))
    for layer in made:
        layer.double().train(request.param == "training")
    nn.init.uniform_(made[1].running_mean)
    nn.init.uniform_(made[1].weight)
    nn.init.uniform_(made[1].bias)
    return made


def grid(num_occurring=NUM_CODES):
    codes = torch.randint(0, num_occurring, (3, 4, 5))
    vectors = torch.randn(NUM_CODES, 6, dtype=torch.float64)
    return codes, vectors[codes].permute(0, 3, 1, 2).requires_grad_()


def plainly(cells, layers):
    mix, norm, widen = layers
    return widen(torch.relu(norm(mix(cells))))


def everything(maps, cells, layers):
    """Values, all gradients and all buffers."""
    parameters = [p for layer in layers for p in layer.parameters()]
    weights = torch.linspace(-1, 1, maps.numel(), dtype=maps.dtype).view(maps.shape)
    found = torch.autograd.grad((maps * weights).sum(), (cells, *parameters))
    return [maps, *found, *(b for layer in layers for b in layer.buffers())]


@pytest.mark.parametrize("num_occurring", [NUM_CODES, 3, 1])
def test_values_gradients_and_running_figures_are_those_of_the_plain_layers(layers, num_occurring):
    codes, cells = grid(num_occurring)
    plain = copy.deepcopy(layers)
    expected = everything(plainly(cells, plain), cells, plain)
    found = everything(widen_codes(cells, codes, NUM_CODES, layers), cells, layers)
    for mine, theirs in zip(found, expected, strict=True):
        assert torch.allclose(mine, theirs, atol=1e-10)


def test_inside_autocast_the_convolution_is_in_half_precision_and_gradients_are_not(layers):
    codes, cells = grid()
    cells = cells.detach().float().requires_grad_()
    layers = tuple(layer.float() for layer in layers)
    with torch.autocast("cpu", torch.bfloat16):
        maps = widen_codes(cells, codes, NUM_CODES, layers)
        expected = plainly(cells, copy.deepcopy(layers))
    assert maps.dtype == torch.bfloat16
    assert torch.allclose(maps, expected, atol=0.05)
    _, *rest = everything(maps, cells, layers)
    assert all(tensor.isfinite().all() for tensor in rest)
    assert rest[0].dtype == torch.float32
