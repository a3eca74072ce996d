import os
import platform
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch

from engine.nn.cpu import products
from engine.nn.cpu.products import _works, has_product, product


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


def test_it_is_there_for_single_and_where_the_cpu_can_for_bf16_on_a_cpu_alone():
    assert has_product(torch.zeros(1))
    can = torch.ops.mkldnn._is_mkldnn_bf16_supported()
    assert has_product(torch.zeros(1, dtype=torch.bfloat16)) == can
    assert not has_product(torch.zeros(1, dtype=torch.float64))
    assert not has_product(torch.zeros(1, device="meta"))


@pytest.fixture
def untried():
    """Whether the operator works is asked again, before and after."""
    _works.cache_clear()
    yield
    _works.cache_clear()


@pytest.mark.usefixtures("untried")
def test_an_operator_that_torch_does_not_have_or_that_computes_something_else_is_not_used(
    monkeypatch,
):
    monkeypatch.setattr(products.torch.ops, "mkldnn", SimpleNamespace())
    assert not has_product(torch.zeros(1))
    _works.cache_clear()
    wrong = SimpleNamespace(_linear_pointwise=lambda left, right, *_: left @ right.t() + 1)
    monkeypatch.setattr(products.torch.ops, "mkldnn", wrong)
    assert not has_product(torch.zeros(1))


_OLDER_CPU = """
import torch
from engine.nn.cpu.leaky_convolution import NormedKernel, convolve
from engine.nn.cpu.products import has_product, product
half, single = torch.zeros(2, 2, dtype=torch.bfloat16), torch.zeros(2, 2)
try:
    product(half, half)
except RuntimeError as error:
    print(error)
print(has_product(half), has_product(single))
layer, x = NormedKernel(4, 6, (5, 1), (1, 1), (2, 0)), torch.randn(3, 10, 1, 4)
wanted = convolve(x, layer(x.dtype))
convolve(x.bfloat16(), layer(torch.bfloat16)).sum().backward()
print((convolve(x.bfloat16(), layer(torch.bfloat16)) - wanted).abs().max().item() < 0.05)
"""


@pytest.mark.skipif(platform.machine() != "x86_64", reason="instructions of x86")
def test_on_a_cpu_without_avx512_bf16_is_convolved_by_torchs_own():
    environment = {**os.environ, "ONEDNN_MAX_CPU_ISA": "AVX2"}
    command = [sys.executable, "-c", _OLDER_CPU]
    said = subprocess.run(command, env=environment, capture_output=True, check=True, text=True)
    refused, there, alike = said.stdout.splitlines()
    assert "could not create a primitive descriptor" in refused
    assert (there, alike) == ("False True", "True")
