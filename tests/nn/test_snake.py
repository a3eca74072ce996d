import copy

import pytest
import torch
from dac.nn.layers import Snake1d

from engine.nn.snake import Snake, snake


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def with_gradients(module, x, gradient):
    x = x.clone().requires_grad_()
    y = module(x)
    y.backward(gradient)
    return y.detach(), x.grad, module.alpha.grad


def test_values_and_gradients_are_upstreams():
    ours, theirs = Snake(5), Snake1d(5)
    with torch.no_grad():
        ours.alpha.uniform_(0.3, 3.0)
    theirs.load_state_dict(ours.state_dict(), strict=True)
    x, gradient = torch.randn(2, 5, 300), torch.randn(2, 5, 300)
    pairs = zip(with_gradients(ours, x, gradient), with_gradients(theirs, x, gradient), strict=True)
    for found, expected in pairs:
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


def test_gradients_are_those_of_finite_differences():
    x = torch.randn(2, 3, 4, dtype=torch.float64, requires_grad=True)
    alpha = torch.rand(1, 3, 1, dtype=torch.float64).add(0.5).requires_grad_()
    assert torch.autograd.gradcheck(snake, (x, alpha))


def test_an_alpha_of_zero_is_the_identity_and_stays_finite():
    module = Snake(2)
    torch.nn.init.zeros_(module.alpha)
    x = torch.randn(1, 2, 7)
    y, to_x, to_alpha = with_gradients(module, x, torch.ones(1, 2, 7))
    assert torch.equal(y, x)
    assert torch.equal(to_x, torch.ones_like(x))
    assert to_alpha.isfinite().all()


def test_half_precision_goes_in_and_comes_out_and_is_computed_in_single():
    module = Snake(4)
    x = torch.randn(2, 4, 50).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        y, to_x, to_alpha = with_gradients(module, x, torch.ones(2, 4, 50).bfloat16())
    assert y.dtype == to_x.dtype == torch.bfloat16
    assert to_alpha.dtype == torch.float32
    assert torch.equal(y, module(x.float()).detach().bfloat16())


@pytest.mark.parametrize("alpha", [0.01, 0.3, 3.0])
def test_gradients_of_half_precision_are_those_of_the_same_values_in_single(alpha):
    x = (torch.randn(2, 4, 3_000) * 3.0).bfloat16()
    gradient = torch.randn(2, 4, 3_000).bfloat16()
    found, expected = Snake(4), Snake(4)
    for module in (found, expected):
        torch.nn.init.constant_(module.alpha, alpha)
    _, to_x, to_alpha = with_gradients(found, x, gradient)
    _, wide_to_x, wide_to_alpha = with_gradients(expected, x.float(), gradient.float())
    assert torch.equal(to_x, wide_to_x.bfloat16())
    torch.testing.assert_close(to_alpha, wide_to_alpha, rtol=1e-6, atol=0.0)


def test_a_module_that_has_run_is_copied():
    module = Snake(3)
    module(torch.randn(1, 3, 5)).sum().backward()
    assert torch.equal(copy.deepcopy(module).alpha, module.alpha)
