import pytest
import torch
import torch.nn.functional as F

from engine.nn.cpu import leaky_convolution, minimal_filtering
from engine.nn.cpu.leaky_convolution import NormedKernel, convolve
from engine.nn.cpu.minimal_filtering import OUTPUTS, TAPS, convolve_five


def exact(x, weight, bias):
    """Values and gradients in double precision, by torch."""
    leaves = [tensor.double().requires_grad_() for tensor in (x, weight, bias)]
    kernels = leaves[1].view(len(weight), TAPS, -1).transpose(1, 2)
    y = F.conv1d(leaves[0].transpose(1, 2), kernels, leaves[2], padding=2).transpose(1, 2)
    return y, leaves


def outcome(y, leaves):
    y = F.leaky_relu(y, 0.1) if y.dtype == torch.float64 else y
    weights = torch.linspace(-1, 1, y.numel(), dtype=y.dtype).view(y.shape)
    return [y, *torch.autograd.grad((y * weights).sum(), leaves)]


@pytest.mark.parametrize("length", [1, 3, 4, 7, 38])
def test_values_and_gradients_are_those_of_the_convolution(length):
    torch.manual_seed(length)
    x, weight, bias = torch.randn(3, length, 16), torch.randn(8, TAPS * 16) / 9, torch.randn(8)
    wanted = outcome(*exact(x, weight, bias))
    leaves = [tensor.requires_grad_() for tensor in (x, weight, bias)]
    found = outcome(convolve_five(*leaves, 0.1), leaves)
    for own, theirs in zip(found, wanted, strict=True):
        assert float((own - theirs).detach().norm() / theirs.detach().norm()) < 1e-5


def test_it_multiplies_less_than_half_as_often():
    points = len(minimal_filtering._POINTS) + 1
    assert points == OUTPUTS + TAPS - 1
    assert points < OUTPUTS * TAPS / 2


def test_many_rows_are_convolved_so_and_few_plainly_with_the_same_result(monkeypatch):
    torch.manual_seed(0)
    layer = NormedKernel(8, 8, (5, 1), (1, 1), (2, 0))
    x = torch.randn(4, 70, 1, 8)
    used = []
    monkeypatch.setattr(
        leaky_convolution, "convolve_five", lambda *given: used.append(1) or convolve_five(*given)
    )
    many = convolve(x, layer(x.dtype))
    few = torch.cat([convolve(one, layer(x.dtype)) for one in x.split(1)])
    assert used == [1]
    assert torch.allclose(many, few, atol=1e-5)


def test_half_precision_is_never_convolved_so(monkeypatch):
    monkeypatch.setattr(leaky_convolution, "convolve_five", None)
    layer = NormedKernel(8, 8, (5, 1), (1, 1), (2, 0))
    x = torch.randn(4, 70, 1, 8, dtype=torch.bfloat16)
    assert convolve(x, layer(x.dtype)).dtype == torch.bfloat16


def test_frozen_kernels_let_the_gradient_through():
    x = torch.randn(2, 9, 4, requires_grad=True)
    convolve_five(x, torch.randn(3, TAPS * 4), torch.zeros(3), 0.1).sum().backward()
    assert x.grad.abs().sum() > 0
