"""Convolutions with weight normalization (Salimans and Kingma, 2016), by their old names.

Parameters are called `weight_g`, `weight_v` and `bias`, as torch's first implementation called
them and published codecs and vocoders still have them. The weight itself is no attribute: it is
made where it is used, once a call, so that a module that has run can be copied and pickled.
"""

from torch import Tensor, _weight_norm, nn


class _Normed(nn.Module):
    """The parameters of a convolution. The norm is over all but the first dimension of `weight_v`.

    Weights start as torch's own convolutions do: normalizing them changes nothing at first.
    """

    weight_g: nn.Parameter
    weight_v: nn.Parameter
    bias: nn.Parameter

    def __init__(self, plain: nn.Module) -> None:
        super().__init__()
        assert isinstance(plain.weight, Tensor)
        assert isinstance(plain.bias, nn.Parameter)
        weight = plain.weight.detach()
        norms = weight.flatten(1).norm(dim=1).view(-1, *[1] * (weight.dim() - 1))
        self.weight_g, self.weight_v = nn.Parameter(norms), nn.Parameter(weight)
        self.bias = plain.bias

    @property
    def weight(self) -> Tensor:
        """The weight g * v / |v|, made again each time."""
        return _weight_norm(self.weight_v, self.weight_g, 0)


class NormedConv1d(_Normed):
    """`torch.nn.Conv1d` with weight normalization."""

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        kernel_size: int,
        *,
        stride: int = 1,
        dilation: int = 1,
        padding: int = 0,
    ) -> None:
        super().__init__(nn.Conv1d(channels_in, channels_out, kernel_size))
        self.stride, self.dilation, self.padding = stride, dilation, padding
        self.kernel_size = kernel_size

    def forward(self, x: Tensor) -> Tensor:
        """Feature maps [B, in, length] to [B, out, ...]."""
        settings = (self.stride, self.padding, self.dilation)
        return nn.functional.conv1d(x, self.weight, self.bias, *settings)


class NormedConvTranspose1d(_Normed):
    """`torch.nn.ConvTranspose1d` with weight normalization (over its input channels)."""

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        kernel_size: int,
        *,
        stride: int = 1,
        padding: int = 0,
        output_padding: int = 0,
    ) -> None:
        super().__init__(nn.ConvTranspose1d(channels_in, channels_out, kernel_size))
        self.stride, self.padding, self.output_padding = stride, padding, output_padding
        self.kernel_size = kernel_size

    def forward(self, x: Tensor) -> Tensor:
        """Feature maps [B, in, length] to [B, out, stride * length ...]."""
        settings = (self.stride, self.padding, self.output_padding)
        return nn.functional.conv_transpose1d(x, self.weight, self.bias, *settings)
