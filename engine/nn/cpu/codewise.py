"""Layers over a grid of codes, computed once a code instead of once a cell.

After a quantizer a cell's vector depends on its code alone, and so does what a 1 x 1 convolution,
batch norm and ReLU make of it; a transposed convolution is then one of the codes themselves. Values
and gradients, the straight-through one of the cells included, are those of the plain layers. That
saves multiplications, and costs many small operators: a bargain on a CPU alone.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.nn.cpu.switch import kernels_on
from engine.nn.cpu.transposed import (
    TransposedConv2d,
    autocast_dtype,
    channel_sums,
    to_maps,
    to_weight,
)


def widen_codes(
    cells: Tensor,
    codes: Tensor,
    num_codes: int,
    layers: tuple[nn.Conv2d, nn.BatchNorm2d, TransposedConv2d],
) -> Tensor:
    """What mix, norm, ReLU and widen make of cells [B, channels, height, width].

    `codes` [B, height, width] say which cells hold the same vector; `layers` are the 1 x 1 mix, the
    norm and the widening convolution. In training mode the norm's running figures are updated.
    """
    if not kernels_on(cells.device):
        mix, norm, widen = layers
        plain: Tensor = widen(F.relu(norm(mix(cells))))
        return plain
    dtype = autocast_dtype(cells)
    with torch.autocast(cells.device.type, enabled=False):
        mix, norm, widen = layers
        assert widen.bias is not None
        counts = torch.bincount(codes.flatten(), minlength=num_codes)
        shares = counts.to(cells.dtype) / codes.numel()
        vectors = _vectors(cells, codes, num_codes)
        if norm.training:
            _follow(norm, F.linear(vectors, mix.weight.flatten(1), mix.bias), shares, codes.numel())
        statistics = None if norm.training else (norm.running_mean, norm.running_var)
        settings = (shares, statistics, norm.eps, widen.stride, widen.padding)
        head = (mix.weight.flatten(1), mix.bias, norm.weight, norm.bias)
        tail = (widen.weight.to(dtype), widen.bias.to(dtype))
        maps: Tensor = _Codewise.apply(cells, vectors, codes, settings, *head, *tail)  # type: ignore[no-untyped-call]
        return maps


def _hidden(
    vectors: Tensor, settings: Any, weight: Tensor, bias: Tensor, gain: Tensor, offset: Tensor
) -> tuple[Tensor, Tensor]:
    """Each code's vector [codes, hidden] after mix, norm and ReLU; its slope through the two."""
    shares, statistics, epsilon, *_ = settings
    x = F.linear(vectors, weight, bias)
    mean, variance = statistics or _statistics(x, shares)
    scale = gain * torch.rsqrt(variance + epsilon)
    y = (x - mean) * scale + offset
    return y.relu(), (y > 0) * scale


def _statistics(x: Tensor, shares: Tensor) -> tuple[Tensor, Tensor]:
    mean = shares @ x
    return mean, shares @ (x - mean).square()


class _Codewise(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, *inputs: Any) -> Tensor:
        _, vectors, codes, settings, *parameters, weight, bias = inputs
        hidden, slope = _hidden(vectors, settings, *parameters)
        kernel = torch.einsum("kc,c...->k...", hidden.to(weight.dtype), weight)
        maps = to_maps(codes, len(vectors), weight.dtype)
        ctx.save_for_backward(vectors, codes, maps, kernel, hidden, slope, weight, *parameters)
        ctx.settings = settings
        return F.conv_transpose2d(maps, kernel, bias, *settings[-2:])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        gradient = gradients[0]
        vectors, codes, maps, kernel, hidden, slope, weight, *parameters = ctx.saved_tensors
        shape = ctx.settings[-2:]
        to_kernel = to_weight(maps, gradient, kernel, shape).to(hidden.dtype)
        to_hidden = torch.einsum("k...,c...->kc", to_kernel, weight.to(hidden.dtype))
        to_widen = torch.einsum("kc,k...->c...", hidden, to_kernel).to(weight.dtype)
        to_vectors, *to_parameters = _head_gradients(vectors, ctx.settings, parameters, to_hidden)
        # A cell moves its own code's path, and through mean and variance, by as much as any other
        # cell of its code, all paths.
        mix = parameters[0]
        own = F.conv2d(gradient, weight, None, *shape).permute(0, 2, 3, 1).to(hidden.dtype)
        counts = (ctx.settings[0] * codes.numel()).clamp(min=1.0)[:, None]
        through_norm = (to_vectors - (to_hidden * slope) @ mix) / counts
        to_cells = (F.embedding(codes, slope) * own) @ mix + F.embedding(codes, through_norm)
        sums = channel_sums(gradient)
        return to_cells.permute(0, 3, 1, 2), None, None, None, *to_parameters, to_widen, sums


def _head_gradients(
    vectors: Tensor, settings: Any, parameters: list[Tensor], to_hidden: Tensor
) -> tuple[Tensor, ...]:
    """Gradients of the codes' vectors (summed over their cells) and of mix and norm."""
    leaves = [tensor.detach().requires_grad_() for tensor in (vectors, *parameters)]
    with torch.enable_grad():
        hidden, _ = _hidden(leaves[0], settings, *leaves[1:])
    return torch.autograd.grad(hidden, leaves, to_hidden)


def _vectors(cells: Tensor, codes: Tensor, num_codes: int) -> Tensor:
    """The vector [num_codes, channels] of each code; of a code that does not occur, any."""
    flat = codes.flatten()
    place = torch.zeros(num_codes, dtype=torch.long, device=codes.device)
    place.scatter_reduce_(0, flat, torch.arange(len(flat), device=codes.device), "amax")
    return cells.detach().permute(0, 2, 3, 1).flatten(0, 2)[place]


@torch.no_grad()
def _follow(norm: nn.BatchNorm2d, x: Tensor, shares: Tensor, num_cells: int) -> None:
    """Move the norm's running figures as torch does: the variance is that of a sample."""
    mean, variance = _statistics(x, shares)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    assert norm.num_batches_tracked is not None
    assert norm.momentum is not None
    norm.running_mean.lerp_(mean, norm.momentum)
    norm.running_var.lerp_(variance * (num_cells / (num_cells - 1)), norm.momentum)
    norm.num_batches_tracked.add_(1)
