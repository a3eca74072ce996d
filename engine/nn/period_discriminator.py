"""The multi-period discriminator (Kong et al., 2020, HiFi-GAN, section 2.3) as DAC has it."""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from engine.nn.cpu.leaky_convolution import Kernel, NormedKernel, convolve

_CHANNELS = (1, 32, 128, 512, 1024, 1024)
_STRIDES = (3, 3, 3, 3, 1)


class PeriodDiscriminator(nn.Module):
    """Hears every `period`-th sample as a signal of its own."""

    def __init__(self, period: int) -> None:
        super().__init__()
        self.period = period
        self.convs = nn.ModuleList(
            nn.ModuleList([NormedKernel(before, after, (5, 1), (stride, 1), (2, 0))])
            for before, after, stride in zip(_CHANNELS, _CHANNELS[1:], _STRIDES, strict=False)
        )
        self.conv_post = NormedKernel(_CHANNELS[-1], 1, (3, 1), (1, 1), (1, 0))

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
        """[B, samples] to [B * period, length], padded by reflection.

        Audio of whole periods is padded by one more, as `dac` does.
        """
        missing = self.period - audio.shape[-1] % self.period
        padded: Tensor = F.pad(audio, (0, missing), mode="reflect")
        return padded.view(len(audio), -1, self.period).transpose(1, 2).flatten(0, 1)
