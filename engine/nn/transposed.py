"""Transposed convolutions in forms that are fast on a CPU. They compute what torch's own does."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class TransposedConv2d(nn.ConvTranspose2d):
    """`torch.nn.ConvTranspose2d` without output padding, groups and dilation.

    torch takes twice as long for the gradients of a channels-last transposed convolution as two
    plain convolutions do; here they are two plain convolutions.
    """

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        """Feature maps [B, in, height, width] to [B, out, ...]."""
        assert output_size is None
        settings = (self.stride, self.padding)
        y: Tensor = _OfMaps.apply(x, self.weight, self.bias, *settings)  # type: ignore[no-untyped-call]
        return y

    def of_codes(self, x: Tensor, codes: Tensor, num_codes: int) -> Tensor:
        """The same of maps whose vectors x[b, :, i, j] depend on codes[b, i, j] alone.

        With fewer codes than channels it is cheaper to transform each code's vector once and to
        convolve the codes, one channel each. Gradients are those of `forward`.
        """
        table = _table(x, codes, num_codes)
        settings = (self.stride, self.padding)
        y: Tensor = _OfCodes.apply(x, table, codes, self.weight, self.bias, *settings)  # type: ignore[no-untyped-call]
        return y


def one_channel_last(maps: Tensor) -> Tensor:
    """The same maps [B, channels, height, width]; a single channel is marked as standing last.

    With one channel both orders are the same memory, and torch takes it for the other one: what
    follows would then be computed in the slow order.
    """
    return maps if maps.shape[1] > 1 else maps[:, 0, :, :, None].permute(0, 3, 1, 2)


class _OfMaps(torch.autograd.Function):
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
        to_weight = _to_weight(x, gradient, weight, ctx.settings)
        return to_x, to_weight, gradient.sum((0, 2, 3)), None, None


class _OfCodes(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,  # noqa: ARG004 - its gradient is wanted, its values stand in the table
        table: Tensor,
        codes: Tensor,
        weight: Tensor,
        bias: Tensor,
        *settings: Any,
    ) -> Tensor:
        kernel = torch.einsum("kc,c...->k...", table, weight)
        maps = _one_hot(codes, len(table), table.dtype)
        ctx.save_for_backward(maps, table, kernel, weight)
        ctx.settings = settings
        return F.conv_transpose2d(maps, kernel, bias, *settings)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        gradient = one_channel_last(gradients[0])
        maps, table, kernel, weight = ctx.saved_tensors
        to_x = F.conv2d(gradient, weight, None, *ctx.settings)
        to_kernel = _to_weight(maps, gradient, kernel, ctx.settings)
        to_weight = torch.einsum("kc,k...->c...", table, to_kernel)
        return to_x, None, None, to_weight, gradient.sum((0, 2, 3)), None, None


def _to_weight(x: Tensor, gradient: Tensor, weight: Tensor, settings: Any) -> Tensor:
    # The weight is that of the plain convolution from `gradient` to `x`.
    result: Tensor = torch.ops.aten.convolution_backward(
        x, gradient, weight, None, *settings, (1, 1), False, (0, 0), 1, (False, True, False)
    )[1]
    return result


def _one_hot(codes: Tensor, num_codes: int, dtype: torch.dtype) -> Tensor:
    """Codes [B, height, width] as maps [B, num_codes, height, width] in channels-last order."""
    cells = torch.zeros(*codes.shape, num_codes, dtype=dtype, device=codes.device)
    return cells.scatter_(-1, codes[..., None], 1.0).permute(0, 3, 1, 2)


def _table(x: Tensor, codes: Tensor, num_codes: int) -> Tensor:
    """The vector [num_codes, channels] of each code; of a code that does not occur, any."""
    cells = codes.flatten()
    place = torch.zeros(num_codes, dtype=torch.long, device=codes.device)
    place.scatter_reduce_(0, cells, torch.arange(len(cells), device=codes.device), "amax")
    return x.detach().permute(0, 2, 3, 1).flatten(0, 2)[place]
