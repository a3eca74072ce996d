"""The discriminators of a neural audio codec or vocoder, as many as are wanted.

State dicts have the keys and shapes of `dac.model.discriminator.Discriminator` (package 1.0.0).
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from engine.nn.cpu.leaky_convolution import Kernel, NormedKernel
from engine.nn.cpu.transposed import autocast_dtype
from engine.nn.period_discriminator import PeriodDiscriminator
from engine.nn.stft_discriminator import Bands, StftDiscriminator


class Verdicts(NamedTuple):
    """Logits of each discriminator, of any shape."""

    real: list[Tensor]
    fake: list[Tensor]


class Comparison(NamedTuple):
    """What each discriminator makes of fake audio, beside real."""

    fake_logits: list[Tensor]
    maps: list[list[tuple[Tensor, Tensor]]]
    """Of each discriminator its feature maps, as pairs (fake, real); real ones have no graph."""


class Discriminators(nn.Module):
    """Multi-period and multi-resolution STFT discriminators over the same audio.

    `precision` is that of the convolutions: "same" as the module's (or autocast's), or "bf16".
    Weight norm and the STFT are always computed in the weights' own.
    """

    def __init__(
        self,
        periods: Sequence[int],
        stft_windows: Sequence[int],
        bands: Bands,
        precision: Literal["same", "bf16"] = "same",
    ) -> None:
        super().__init__()
        self.precision = precision
        self.names = (
            *(f"period_{period}" for period in periods),
            *(f"stft_{window}" for window in stft_windows),
        )
        by_period = map(PeriodDiscriminator, periods)
        by_window = (StftDiscriminator(window, bands) for window in stft_windows)
        self.discriminators = nn.ModuleList([*by_period, *by_window])

    def judge(self, real: Tensor, fake: Tensor) -> Verdicts:
        """Logits of real and of fake audio [B, 1, samples], for the discriminators' own turn.

        Both go through together, so that every weight is made and every gradient written once.
        """
        audio = _normalised(torch.cat([real, fake]))
        dtype = self._dtype(audio)
        verdicts = Verdicts([], [])
        with torch.autocast(audio.device.type, enabled=False):
            for discriminator in self.discriminators:
                *_, logits = discriminator(audio, _kernels(discriminator, dtype))
                for side, part in zip(verdicts, logits.float().chunk(2), strict=True):
                    side.append(part)
        return verdicts

    def compare(self, real: Tensor, fake: Tensor) -> Comparison:
        """Logits and maps of fake audio beside the maps of real audio [B, 1, samples].

        For the generator's turn: gradients flow to `fake` alone, whatever parameters require.
        """
        dtype = self._dtype(fake)
        comparison = Comparison([], [])
        with torch.autocast(fake.device.type, enabled=False):
            original, decoded = _normalised(real.detach()), _normalised(fake)
            for discriminator in self.discriminators:
                with torch.no_grad():
                    kernels = _kernels(discriminator, dtype)
                    *wanted, _ = discriminator(original, kernels)
                *maps, logits = discriminator(decoded, kernels)
                comparison.fake_logits.append(logits.float())
                comparison.maps.append(list(zip(maps, wanted, strict=True)))
        return comparison

    def _dtype(self, audio: Tensor) -> torch.dtype:
        return torch.bfloat16 if self.precision == "bf16" else autocast_dtype(audio)


def _kernels(discriminator: nn.Module, dtype: torch.dtype) -> list[Kernel]:
    """Every layer's kernel, in the order of the state dict."""
    return [layer(dtype) for layer in discriminator.modules() if isinstance(layer, NormedKernel)]


def _normalised(audio: Tensor) -> Tensor:
    """Audio [B, 1, samples] as [B, samples], without its mean, its peak at 0.8."""
    audio = audio[:, 0]
    audio = audio - audio.mean(-1, keepdim=True)
    peak = audio.abs().max(-1, keepdim=True).values
    return 0.8 * audio / (peak + 1e-9)
