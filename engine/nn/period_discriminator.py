"""The multi-period discriminator (Kong et al., 2020, HiFi-GAN, section 2.3), also as DAC has it."""

from collections.abc import Sequence
from typing import Literal

import torch.nn.functional as F
from torch import Tensor, nn

from engine.nn.cpu.leaky_convolution import Kernel, NormedKernel, convolve

CHANNELS = (32, 128, 512, 1024, 1024)
"""Channels of HiFi-GAN's layers, and of its successors."""
_LAST_STRIDE, _STRIDE = 1, 3

Form = Literal["hifi_gan", "dac"]
"""Whose keys: DAC has each layer in a sequence of its own, and pads audio of whole periods by one
more."""


class PeriodDiscriminator(nn.Module):
    """Reads every `period`-th sample as a signal of its own, by a layer for each of `channels`."""

    def __init__(self, period: int, form: Form, channels: Sequence[int] = CHANNELS) -> None:
        super().__init__()
        self.period, self.form = period, form
        strides = [_STRIDE] * (len(channels) - 1) + [_LAST_STRIDE]
        layers = [
            NormedKernel(before, after, (5, 1), (stride, 1), (2, 0))
            for before, after, stride in zip((1, *channels), channels, strides, strict=False)
        ]
        self.convs = nn.ModuleList(
            nn.ModuleList([layer]) if form == "dac" else layer for layer in layers
        )
        self.conv_post = NormedKernel(channels[-1], 1, (3, 1), (1, 1), (1, 0))

    def forward(self, audio: Tensor, kernels: Sequence[Kernel]) -> list[Tensor]:
        """Audio [B, samples] to every layer's maps [B * period, length, 1, channels].

        The last are the logits. `kernels` are those of the layers in the order of the state dict.
        """
        x = self._signals(audio).to(kernels[0].weight.dtype)[:, :, None, None]
        maps = []
        for kernel in kernels[:-1]:
            x = convolve(x, kernel)
            maps.append(x)
        return [*maps, convolve(x, kernels[-1], leaky=False)]

    def _signals(self, audio: Tensor) -> Tensor:
        """[B, samples] to [B * period, length], padded by reflection."""
        missing = -audio.shape[-1] % self.period
        if self.form == "dac":
            missing = missing or self.period
        padded: Tensor = F.pad(audio, (0, missing), mode="reflect")
        return padded.view(len(audio), -1, self.period).transpose(1, 2).flatten(0, 1)
