"""The discriminator of HiFi-GAN that reads the waveform itself (Kong et al., 2020, section 2.3).

RVC has one of its three, that of the whole rate.
"""

from collections.abc import Sequence

from torch import Tensor, nn

from engine.nn.cpu.leaky_convolution import Kernel, NormedKernel, convolve

_LAYERS = (
    (1, 16, 15, 1, 1),
    (16, 64, 41, 4, 4),
    (64, 256, 41, 4, 16),
    (256, 1024, 41, 4, 64),
    (1024, 1024, 41, 4, 256),
    (1024, 1024, 5, 1, 1),
)
"""Channels before and after, taps, stride and groups of each layer."""


class ScaleDiscriminator(nn.Module):
    """Reads the waveform at its own rate, by layers that shorten it."""

    def __init__(self) -> None:
        super().__init__()
        self.convs = nn.ModuleList(_layer(*layer) for layer in _LAYERS)
        self.conv_post = _layer(_LAYERS[-1][1], 1, 3, 1, 1)

    def forward(self, audio: Tensor, kernels: Sequence[Kernel]) -> list[Tensor]:
        """Audio [B, samples] to every layer's maps [B, length, 1, channels].

        The last are the logits. `kernels` are those of the layers in the order of the state dict.
        """
        x = audio.to(kernels[0].weight.dtype)[:, :, None, None]
        maps = []
        for kernel in kernels[:-1]:
            x = convolve(x, kernel)
            maps.append(x)
        return [*maps, convolve(x, kernels[-1], leaky=False)]


def _layer(before: int, after: int, taps: int, stride: int, groups: int) -> NormedKernel:
    size, padding = (taps, 1), (taps // 2, 0)
    return NormedKernel(before, after, size, (stride, 1), padding, groups=groups, signals=True)
