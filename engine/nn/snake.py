"""Snake (Ziyin et al., 2020, "Neural networks fail to learn periodic functions", equation 3)."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

_TINY = 1e-9
"""Added to alpha before it divides, as by upstream (`dac.nn.layers.snake`)."""


class Snake(nn.Module):
    """x + sin^2(alpha x) / alpha, with an `alpha` [1, channels, 1] of each channel, 1 at first."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.ones(1, channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Feature maps [B, channels, T], in the type they come in."""
        return snake(x, self.alpha)


def snake(x: Tensor, alpha: Tensor) -> Tensor:
    """The function x + sin^2(alpha x) / alpha of maps [B, C, T] and alpha [1, C, 1].

    Half precision is widened inside. Has a first derivative and no second.
    """
    y: Tensor = _Snake.apply(x, alpha)  # type: ignore[no-untyped-call]
    return y


class _Snake(torch.autograd.Function):
    """Keeps x and y alone (the next layer keeps y in any case), and changes tensors in place.

    dy/dx = 1 + sin(2 alpha x); dy/dalpha = (x dy/dx - y) / alpha, so that one sine serves both.
    The second is a small difference of large numbers: a y of half precision is computed again.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, alpha: Tensor) -> Tensor:
        wide = _widened(x)
        y = _waves(wide, alpha).to(x.dtype)
        ctx.save_for_backward(x, y if y.dtype == wide.dtype else None, alpha)
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:
        x, y, alpha = ctx.saved_tensors
        wide = _widened(x)
        y = _waves(wide, alpha) if y is None else y
        to_x = (wide * (2.0 * alpha)).sin_().add_(1.0).mul_(gradient)
        pulled = (wide * to_x).sub_(y * gradient).sum((0, 2), keepdim=True)
        return to_x.to(x.dtype), pulled.div_(alpha + _TINY).to(alpha.dtype)


def _widened(x: Tensor) -> Tensor:
    return x.to(torch.promote_types(x.dtype, torch.float32))


def _waves(x: Tensor, alpha: Tensor) -> Tensor:
    return (x * alpha).sin_().square_().mul_((alpha + _TINY).reciprocal()).add_(x)
