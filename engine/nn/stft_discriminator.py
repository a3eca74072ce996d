"""The multi-band, complex STFT discriminator of DAC (Kumar et al., 2023, section 3.3)."""

from collections.abc import Sequence
from math import ceil

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.nn.cpu.leaky_convolution import Kernel, NormedKernel, convolve

Bands = Sequence[tuple[float, float]]

_CHANNELS = 32
_LAYERS = ((2, 9, 1), (_CHANNELS, 9, 2), (_CHANNELS, 9, 2), (_CHANNELS, 9, 2), (_CHANNELS, 3, 1))
"""Channels before, width in bins and stride of each layer of a band."""


class StftDiscriminator(nn.Module):
    """Reads real and imaginary parts of an STFT, each band of frequencies by layers of its own."""

    window: Tensor

    def __init__(self, window_length: int, bands: Bands) -> None:
        super().__init__()
        assert window_length % 4 == 0
        bins = window_length // 2 + 1
        self.bins = [(int(low * bins), int(high * bins)) for low, high in bands]
        assert all(low < high for low, high in self.bins)
        self.band_convs = nn.ModuleList(nn.ModuleList(map(_layer, _LAYERS)) for _ in bands)
        self.conv_post = NormedKernel(_CHANNELS, 1, (3, 3), (1, 1), (1, 1))
        self.register_buffer("window", torch.hann_window(window_length), persistent=False)

    def forward(self, audio: Tensor, kernels: Sequence[Kernel]) -> list[Tensor]:
        """Audio [B, samples] to every layer's maps [B, frames, bins, channels], band by band.

        The last are the logits, of all bands. `kernels` are those of the layers in the order of
        the state dict.
        """
        spectrum = self._spectrum(audio).to(kernels[0].weight.dtype)
        remaining = iter(kernels)
        maps, outputs = [], []
        for low, high in self.bins:
            x = spectrum[:, :, low:high]
            for _ in _LAYERS:
                x = convolve(x, next(remaining))
                maps.append(x)
            outputs.append(x)
        return [*maps, convolve(torch.cat(outputs, 2), next(remaining), leaky=False)]

    def _spectrum(self, audio: Tensor) -> Tensor:
        """[B, samples] to [B, frames, bins, 2]: a frame for every hop, also a last one begun."""
        length, hop = len(self.window), len(self.window) // 4
        missing = ceil(audio.shape[-1] / hop) * hop - audio.shape[-1]
        margin = (length - hop) // 2
        padded = F.pad(audio, (margin, margin + missing), mode="reflect")
        spectrum = torch.stft(
            padded, length, hop, window=self.window, center=False, return_complex=True
        )
        return torch.view_as_real(spectrum.transpose(1, 2))


def _layer(shape: tuple[int, int, int]) -> nn.ModuleList:
    before, width, stride = shape
    kernel = NormedKernel(before, _CHANNELS, (3, width), (1, stride), (1, width // 2))
    return nn.ModuleList([kernel])
