"""The kernels are on for a CPU alone; off, torch's own operators compute the same."""

import copy

import pytest
import torch
from torch import nn

from engine.nn.cpu import codewise, leaky_convolution, transposed
from engine.nn.cpu.codewise import widen_codes
from engine.nn.cpu.leaky_convolution import NormedKernel, convolve
from engine.nn.cpu.products import has_product
from engine.nn.cpu.switch import kernels_on, plain_torch
from engine.nn.cpu.transposed import TransposedConv2d


def by_products():
    """A convolution along the height by products of matrices."""
    return NormedKernel(4, 6, (5, 1), (3, 1), (2, 0)), torch.randn(3, 10, 1, 4), normed


def by_minimal_filtering():
    """One of so many rows that minimal filtering takes it."""
    return NormedKernel(8, 8, (5, 1), (1, 1), (2, 0)), torch.randn(4, 70, 1, 8), normed


def normed(layer, x):
    return convolve(x, layer(x.dtype))


def by_plain_convolutions():
    """A transposed convolution, its gradients by plain ones."""
    return TransposedConv2d(6, 4, 4, 2, 1), torch.randn(3, 6, 5, 7), lambda layer, x: layer(x)


def by_codes():
    """Layers computed once a code."""
    layers = nn.ModuleList([nn.Conv2d(6, 8, 1), nn.BatchNorm2d(8), TransposedConv2d(8, 4, 4, 2, 1)])
    codes = torch.randint(0, 5, (3, 4, 5))
    x = torch.randn(5, 6)[codes].permute(0, 3, 1, 2).contiguous()
    return layers, x, lambda layers, x: widen_codes(x, codes, 5, tuple(layers))


KERNELS = {
    "products": (by_products, leaky_convolution, "product"),
    "minimal filtering": (by_minimal_filtering, leaky_convolution, "convolve_five"),
    "transposed": (by_plain_convolutions, transposed, "_TransposedConvolution"),
    "codewise": (by_codes, codewise, "_Codewise"),
}
"""Each with the room it is used in, and the name that is used there where kernels are on alone."""


def outcome(layer, x, compute):
    """Values, every gradient and every buffer."""
    x = x.clone().requires_grad_()
    y = compute(layer, x)
    weights = torch.linspace(-1, 1, y.numel()).view(y.shape)
    gradients = torch.autograd.grad((y * weights).sum(), (x, *layer.parameters()))
    return [y, *gradients, *layer.buffers()]


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_kernel_that_is_off_is_not_called_and_torchs_own_computes_the_same(kernel, monkeypatch):
    torch.manual_seed(0)
    make, room, name = KERNELS[kernel]
    layer, x, compute = make()
    fast = outcome(copy.deepcopy(layer), x, compute)
    monkeypatch.setattr(room, name, None)
    with pytest.raises((TypeError, AttributeError), match="NoneType"):
        outcome(copy.deepcopy(layer), x, compute)
    with plain_torch():
        plain = outcome(layer, x, compute)
    for own, wanted in zip(fast, plain, strict=True):
        assert torch.allclose(own, wanted, atol=1e-4, rtol=1e-5)


def test_kernels_are_on_for_a_cpu_alone_and_off_in_the_block_that_says_so():
    cpu = torch.device("cpu")
    assert kernels_on(cpu)
    assert has_product(torch.zeros(1))
    assert not any(kernels_on(torch.device(kind)) for kind in ("cuda", "meta"))
    with plain_torch():
        assert not kernels_on(cpu)
        assert not has_product(torch.zeros(1))
    assert kernels_on(cpu)
