import pytest
import torch

from engine.nn.cpu.products import has_product, product


@pytest.mark.parametrize("left_turned", [False, True])
@pytest.mark.parametrize("right_turned", [False, True])
def test_dense_and_transposed_matrices_are_multiplied(left_turned, right_turned):
    left = torch.randn(7, 5).t() if left_turned else torch.randn(5, 7)
    right = torch.randn(7, 3).t() if right_turned else torch.randn(3, 7)
    assert torch.allclose(product(left, right), left @ right.t(), atol=1e-5)


def test_bias_and_leaky_relu_come_after():
    left, right, bias = torch.randn(5, 7), torch.randn(3, 7), torch.randn(3)
    wanted = torch.nn.functional.leaky_relu(left @ right.t() + bias, 0.1)
    assert torch.allclose(product(left, right, bias, 0.1), wanted, atol=1e-5)


def test_other_strides_which_would_be_slow_beyond_use_are_refused():
    with pytest.raises(AssertionError):
        product(torch.randn(5, 14)[:, ::2], torch.randn(3, 7))


def test_it_is_there_for_single_and_bf16_on_a_cpu_alone():
    assert has_product(torch.zeros(1))
    assert has_product(torch.zeros(1, dtype=torch.bfloat16))
    assert not has_product(torch.zeros(1, dtype=torch.float64))
    assert not has_product(torch.zeros(1, device="meta"))
