"""The product of matrices that is the fast one on a CPU."""

import torch
from torch import Tensor


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
    """Whether `product` is there for tensors like `x`."""
    on_cpu = x.device.type == "cpu" and torch._C._has_mkldnn
    return on_cpu and x.dtype in (torch.float32, torch.bfloat16)
