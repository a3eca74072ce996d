"""Transposed convolution in a form that is fast on a CPU. It computes what torch's own does."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.nn.cpu.switch import kernels_on


class TransposedConv2d(nn.ConvTranspose2d):
    """`torch.nn.ConvTranspose2d` without output padding, groups and dilation.

    torch takes half as long again for the gradients of a channels-last transposed convolution as
    two plain convolutions do; here they are two plain convolutions.
    """

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        """Feature maps [B, in, height, width] to [B, out, ...]."""
        assert output_size is None
        assert self.bias is not None
        if not kernels_on(x.device):
            return super().forward(x)
        dtype = autocast_dtype(x)
        tensors = (x.to(dtype), self.weight.to(dtype), self.bias.to(dtype))
        y: Tensor = _TransposedConvolution.apply(*tensors, self.stride, self.padding)  # type: ignore[no-untyped-call]
        return y


def autocast_dtype(x: Tensor) -> torch.dtype:
    """What a convolution of `x` computes in: autocast's choice inside it, else that of `x`."""
    device = x.device.type
    return torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else x.dtype


def one_channel_last(maps: Tensor) -> Tensor:
    """Maps [B, channels, height, width] unchanged; a single channel is marked as standing last.

    With one channel both orders are the same memory, and torch takes it for the other one: what
    follows would then be computed in the slow order.
    """
    return maps if maps.shape[1] > 1 else maps[:, 0, :, :, None].permute(0, 3, 1, 2)


def to_maps(codes: Tensor, num_codes: int, dtype: torch.dtype) -> Tensor:
    """Codes [B, height, width] as maps [B, num_codes, height, width] of 0 and 1, channels last."""
    cells = torch.zeros(*codes.shape, num_codes, dtype=dtype, device=codes.device)
    return cells.scatter_(-1, codes[..., None], 1.0).permute(0, 3, 1, 2)


def to_weight(x: Tensor, gradient: Tensor, weight: Tensor, settings: Any) -> Tensor:
    """Gradient of a transposed convolution's weight; `settings` are its stride and padding."""
    # The weight is that of the plain convolution from `gradient` to `x`.
    result: Tensor = torch.ops.aten.convolution_backward(
        x, gradient, weight, None, *settings, (1, 1), False, (0, 0), 1, (False, True, False)
    )[1]
    return result


def channel_sums(maps: Tensor) -> Tensor:
    """Sums [channels] over maps [B, channels, height, width]: a bias's gradient."""
    cells = maps.permute(0, 2, 3, 1).flatten(0, 2)
    return cells.new_ones(len(cells)) @ cells


class _TransposedConvolution(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, *settings: Any) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.settings = settings
        return F.conv_transpose2d(x, weight, bias, *settings)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        gradient = one_channel_last(gradients[0])
        x, weight = ctx.saved_tensors
        to_x = F.conv2d(gradient, weight, None, *ctx.settings)
        to_w = to_weight(x, gradient, weight, ctx.settings)
        return to_x, to_w, channel_sums(gradient), None, None
