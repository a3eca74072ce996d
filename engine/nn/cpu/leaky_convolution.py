"""Convolutions with weight normalization, bias and leaky ReLU, as discriminators have them.

Maps are [B, height, width, channels] and weights [out, height, width, in]: channels last, written
out. On a CPU a convolution along the height alone is a product of matrices: torch's own takes up to
twice as long for it.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, _weight_norm, nn

from engine.nn.cpu.minimal_filtering import TAPS, convolve_five
from engine.nn.cpu.products import has_product, product

SLOPE = 0.1
"""Slope of the leaky ReLUs below zero."""

_MANY_ROWS = 256
"""Size from which fewer multiplications of rows outweigh more work on the weights."""

_Pair = tuple[int, int]


class Kernel(NamedTuple):
    """A convolution's weight, made from its norms and directions, and what it is used with."""

    weight: Tensor
    """[out, height, width, in]."""
    bias: Tensor
    stride: _Pair
    padding: _Pair
    groups: int = 1
    """Number of groups of a signal's channels that do not affect each other."""


class NormedKernel(nn.Module):
    """The parameters of a convolution with weight normalization (Salimans and Kingma, 2016).

    A state dict has them as torch's old `weight_norm` of a `Conv2d`: `weight_g` [out, 1, 1, 1],
    `weight_v` [out, in, height, width], `bias`; of `signals`, whose width is 1, as that of a
    `Conv1d`: [out, 1, 1] and [out, in, height]. In memory the channels of `weight_v` stand last:
    as a dense tensor, since a fused optimizer would copy a permuted one at every step.
    """

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        size: _Pair,
        stride: _Pair,
        padding: _Pair,
        *,
        groups: int = 1,
        signals: bool = False,
    ) -> None:
        super().__init__()
        assert not signals or (size[1] == 1 and padding[1] == 0)
        plain = nn.Conv2d(channels_in, channels_out, size, groups=groups)
        weight = plain.weight.detach().permute(0, 2, 3, 1).contiguous()
        self.weight_g = nn.Parameter(weight.flatten(1).norm(dim=1).view(-1, 1, 1, 1))
        self.weight_v = nn.Parameter(weight)
        self.bias = plain.bias
        self.stride, self.padding, self.groups = stride, padding, groups
        self.signals = signals

    def forward(self, dtype: torch.dtype) -> Kernel:
        """The kernel at present. Its norm is taken in the parameters' own precision."""
        assert self.bias is not None
        weight = _weight_norm(self.weight_v, self.weight_g, 0).to(dtype)
        # A view, which without gradients is no parameter any more.
        bias = self.bias.view_as(self.bias).to(dtype)
        return Kernel(weight, bias, self.stride, self.padding, self.groups)

    def _save_to_state_dict(
        self, destination: dict[str, Tensor], prefix: str, keep_vars: bool
    ) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        for name in (f"{prefix}weight_v", f"{prefix}weight_g"):
            stored = destination[name].permute(0, 3, 1, 2)
            destination[name] = stored[..., 0] if self.signals else stored

    def _load_from_state_dict(
        self, state_dict: Mapping[str, Tensor], prefix: str, *others: Any
    ) -> None:
        for name in (f"{prefix}weight_v", f"{prefix}weight_g"):
            given = state_dict.get(name)
            if given is not None and given.dim() == (3 if self.signals else 4):
                images = given[..., None] if self.signals else given
                state_dict = {**state_dict, name: images.permute(0, 2, 3, 1)}
        super()._load_from_state_dict(state_dict, prefix, *others)


def convolve(x: Tensor, kernel: Kernel, *, leaky: bool = True) -> Tensor:
    """Maps [B, height, width, in] to [B, ..., ..., out], through leaky ReLU or as they are."""
    weight, bias, stride, padding, groups = kernel
    if groups > 1:
        return _grouped(x, kernel, leaky)
    along_height = x.shape[2] == weight.shape[2] == 1 and padding[1] == 0
    if along_height and has_product(x):
        return _along_height(x[:, :, 0], kernel, SLOPE if leaky else None)[:, :, None]
    if x.device.type == "cpu" and x.element_size() < 4 and x.shape[2] < weight.shape[2]:
        # Of a kernel wider than its bf16 maps oneDNN leaves some weights' gradients as memory was.
        dtype, x, weight, bias = x.dtype, x.float(), weight.float(), bias.float()
        return _images(x, Kernel(weight, bias, stride, padding), leaky).to(dtype)
    return _images(x, kernel, leaky)


def _images(x: Tensor, kernel: Kernel, leaky: bool) -> Tensor:
    """What `convolve` gives, by torch's own convolution."""
    weight, bias, stride, padding, _ = kernel
    # Reading channels-last memory as [B, channels, ...] is how torch takes it.
    images = F.conv2d(x.permute(0, 3, 1, 2), weight.permute(0, 3, 1, 2), bias, stride, padding)
    maps: Tensor = (F.leaky_relu_(images, SLOPE) if leaky else images).permute(0, 2, 3, 1)
    return maps


def _grouped(x: Tensor, kernel: Kernel, leaky: bool) -> Tensor:
    """Convolution of [B, length, 1, in] in groups, where oneDNN is fast with channels first.

    What comes out is a view of such memory, which a following layer of groups takes as it is.
    """
    weight, bias, stride, padding, groups = kernel
    kernels = weight[:, :, 0].transpose(1, 2)
    signals = x[:, :, 0].transpose(1, 2).contiguous()
    y = F.conv1d(signals, kernels, bias, stride[0], padding[0], 1, groups)
    maps: Tensor = (F.leaky_relu_(y, SLOPE) if leaky else y).transpose(1, 2)[:, :, None]
    return maps


def _along_height(x: Tensor, kernel: Kernel, slope: float | None) -> Tensor:
    """Rows [B, length, in] to [B, ..., out], by products of matrices."""
    weight, bias, (stride, _), (padding, _), _ = kernel
    many = x.dtype == torch.float32 and x.shape[0] * x.shape[1] >= _MANY_ROWS
    centred = weight.shape[1] == TAPS and stride == 1 and padding == TAPS // 2
    if many and centred and slope is not None:
        return convolve_five(x, weight.flatten(1), bias, slope)
    y: Tensor = _ProductOfMatrices.apply(x, weight.flatten(1), bias, stride, padding, slope)  # type: ignore[no-untyped-call]
    return y


class _ProductOfMatrices(torch.autograd.Function):
    """Rows [B, length, in] times weight [out, kernel * in], of which each output sees `kernel`."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, *settings: Any) -> Tensor:
        stride, padding, slope = settings
        columns = _columns(x, weight.shape[1] // x.shape[2], stride, padding)
        y = product(columns.flatten(0, 1), weight, bias, slope).view(*columns.shape[:2], -1)
        ctx.save_for_backward(x, weight, y)
        ctx.settings = settings
        return y

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, y = ctx.saved_tensors
        stride, padding, slope = ctx.settings
        gradient = gradients[0]
        if slope is not None:  # a leaky ReLU keeps the sign: its output shows the slope
            gradient = torch.ops.aten.leaky_relu_backward(gradient, y, slope, True)
        rows = gradient.flatten(0, 1)
        to_x = to_weight = to_bias = None
        if ctx.needs_input_grad[0]:
            taps = product(rows, weight.t()).view(*gradient.shape[:2], -1, x.shape[2])
            to_x = _sum_of_taps(taps, x.shape[1], stride, padding)
        if ctx.needs_input_grad[1]:
            columns = _columns(x, weight.shape[1] // x.shape[2], stride, padding)
            to_weight = product(rows.t(), columns.flatten(0, 1).t())
            to_bias = rows.sum(0)
        return to_x, to_weight, to_bias, None, None, None


def _columns(x: Tensor, kernel: int, stride: int, padding: int) -> Tensor:
    """What each output of a convolution sees of rows [B, length, in], [B, outputs, kernel * in]."""
    padded: Tensor = F.pad(x, (0, 0, padding, padding))
    batch, length, channels = padded.shape
    shape = (batch, (length - kernel) // stride + 1, kernel * channels)
    return padded.as_strided(shape, (length * channels, stride * channels, 1)).contiguous()


def _sum_of_taps(taps: Tensor, length: int, stride: int, padding: int) -> Tensor:
    """The adjoint of `_columns`: taps [B, outputs, kernel, in] to rows [B, length, in]."""
    batch, outputs, kernel, channels = taps.shape
    rows = taps.new_zeros(batch, length + 2 * padding, channels)
    for tap in range(kernel):
        rows[:, tap : tap + stride * outputs : stride] += taps[:, :, tap]
    return rows[:, padding : padding + length]
