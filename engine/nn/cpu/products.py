"""The product of matrices that is the fast one on a CPU."""

from functools import cache

import torch
from torch import Tensor

from engine.nn.cpu.switch import kernels_on


def product(
    left: Tensor, right: Tensor, bias: Tensor | None = None, slope: float | None = None
) -> Tensor:
    """`left` [m, k] times the transpose of `right` [n, k], plus bias [n], through a leaky ReLU.

    Either may be a transposed view. oneDNN's, where torch's `@` takes MKL's: that one runs at half
    speed on AMD's processors. Of any other strides oneDNN's is a thousand times slower.
    """
    assert all(one.is_contiguous() or one.t().is_contiguous() for one in (left, right))
    activation = ("none", []) if slope is None else ("leaky_relu", [slope])
    result: Tensor = torch.ops.mkldnn._linear_pointwise(left, right, bias, *activation, "")
    return result


def has_product(x: Tensor) -> bool:
    """Whether `product` multiplies tensors like `x`: the kernels are on, and it works here."""
    known = x.dtype in (torch.float32, torch.bfloat16)
    return known and kernels_on(x.device) and torch._C._has_mkldnn and _works(x.dtype)


@cache
def _works(dtype: torch.dtype) -> bool:
    """Whether torch has the operator, which is private, and this CPU the instructions: it is tried.

    Without AVX-512 oneDNN has no primitive for bf16, and says so only when it is asked for one.
    """
    left, right = torch.ones(3, 5, dtype=dtype), -torch.ones(5, 2, dtype=dtype).t()
    try:
        found = [product(left, right), product(left, right, right.sum(1), 0.5)]
    except (AttributeError, RuntimeError):
        return False
    return [set(one.flatten().tolist()) for one in found] == [{-5.0}, {-5.0}]
