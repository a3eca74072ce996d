"""Convolution along one axis at stride 1, by fewer multiplications than it has (Winograd, 1980).

F(4, 5) in the terms of Lavin and Gray (2016, Fast Algorithms for Convolutional Neural Networks):
four outputs of a kernel of five are two polynomials' product, found from its values at eight
points. That is 8 multiplications where the plain way needs 20; they are products of matrices, one a
point. In float32 values and gradients err by about 2e-6 where plain ones err by 5e-7.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from engine.nn.cpu.products import product

TAPS, OUTPUTS = 5, 4
"""Length of the kernel, and of a tile of the output."""
_POINTS = (0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5)
_MARGIN = TAPS // 2


class _Matrices(NamedTuple):
    """A row for each point, infinity the last."""

    outputs: Tensor
    """[points, OUTPUTS]"""
    taps: Tensor
    """[points, TAPS]"""
    inputs: Tensor
    """[points, points]"""


def convolve_five(x: Tensor, weight: Tensor, bias: Tensor, slope: float) -> Tensor:
    """Rows [B, length, in] by kernels [out, TAPS * in] to [B, length, out], through a leaky ReLU.

    Rows are continued with zeros at both ends.
    """
    y: Tensor = _MinimalFiltering.apply(x, weight, bias, slope)  # type: ignore[no-untyped-call]
    return y


class _MinimalFiltering(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, slope: float) -> Tensor:
        batch, length, channels = x.shape
        outputs, taps, inputs = _MATRICES
        num_tiles = -(-length // OUTPUTS)
        padded = F.pad(x, (0, 0, _MARGIN, num_tiles * OUTPUTS + _MARGIN - length))
        strides = (channels, padded.stride(0), OUTPUTS * channels, 1)
        tiles = padded.as_strided((len(inputs), batch, num_tiles, channels), strides)
        transformed = _at_points(inputs, tiles)
        kernels = _at_points(taps, weight.view(len(weight), TAPS, channels).transpose(0, 1))
        found = outputs.t() @ _products(transformed, kernels).flatten(1)
        rows = found.view(OUTPUTS, batch, num_tiles, -1).permute(1, 2, 0, 3).flatten(1, 2)
        y = F.leaky_relu_(rows[:, :length] + bias, slope)
        ctx.save_for_backward(transformed, kernels, y)
        ctx.slope = slope
        return y

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        transformed, kernels, y = ctx.saved_tensors
        outputs, taps, inputs = _MATRICES
        batch, length, channels = y.shape
        num_tiles = -(-length // OUTPUTS)
        gradient = torch.ops.aten.leaky_relu_backward(gradients[0], y, ctx.slope, True)
        tiles = F.pad(gradient, (0, 0, 0, num_tiles * OUTPUTS - length))
        tiles = tiles.view(batch, num_tiles, OUTPUTS, channels).permute(2, 0, 1, 3)
        found = _at_points(outputs, tiles)
        to_x = to_weight = to_bias = None
        if ctx.needs_input_grad[0]:
            parts = inputs.t() @ _products(found, kernels.transpose(1, 2)).flatten(1)
            to_x = _overlapped(parts.view(len(inputs), batch, num_tiles, -1))
            to_x = to_x[:, _MARGIN : _MARGIN + length]
        if ctx.needs_input_grad[1]:
            to_kernels = _products(found.transpose(1, 2), transformed.transpose(1, 2))
            planes = (taps.t() @ to_kernels.flatten(1)).view(TAPS, *to_kernels.shape[1:])
            to_weight = planes.transpose(0, 1).flatten(1)
            to_bias = gradient.sum((0, 1))
        return to_x, to_weight, to_bias, None


def _at_points(matrix: Tensor, values: Tensor) -> Tensor:
    """`values` [k, ..., channels], weighed by each row of `matrix` [points, k]: a plane each."""
    return (matrix @ values.reshape(len(values), -1)).view(len(matrix), -1, values.shape[-1])


def _products(left: Tensor, right: Tensor) -> Tensor:
    """The product of each plane of `left` [points, m, k] and the transpose of `right`'s."""
    return torch.stack([product(*planes) for planes in zip(left, right, strict=True)])


def _overlapped(parts: Tensor) -> Tensor:
    """Inputs [points, B, tiles, channels] of tiles, added up where these overlap."""
    points, batch, num_tiles, channels = parts.shape
    rows = parts.new_zeros(batch, num_tiles * OUTPUTS + points - OUTPUTS, channels)
    for place, part in enumerate(parts):
        rows[:, place : place + num_tiles * OUTPUTS : OUTPUTS] += part
    return rows


def _matrices() -> _Matrices:
    """Toom and Cook's algorithm for the product of polynomials, transposed."""
    taps, inputs = _powers(TAPS), np.linalg.inv(_powers(len(_POINTS) + 1)).T
    size = np.abs(taps).sum(1, keepdims=True)  # evens out what is rounded
    every = (_powers(OUTPUTS), taps / size, inputs * size)
    return _Matrices(*(torch.from_numpy(matrix).float() for matrix in every))


def _powers(num: int, points: Sequence[float] = _POINTS) -> np.ndarray:
    """The powers below `num` of each point [points + 1, num]; of infinity the highest alone."""
    return np.vstack([np.vander(points, num, increasing=True), np.eye(num)[-1]])


_MATRICES = _matrices()
