"""The discriminators of a neural audio codec or vocoder, as many as are wanted.

State dicts have the keys and shapes of `dac.model.discriminator.Discriminator` (package 1.0.0), or
of HiFi-GAN's as RVC has them (`MultiPeriodDiscriminator`, `MultiPeriodDiscriminatorV2`).
"""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from engine.nn.cpu.leaky_convolution import Kernel, NormedKernel
from engine.nn.cpu.transposed import autocast_dtype
from engine.nn.period_discriminator import CHANNELS, Form, PeriodDiscriminator
from engine.nn.scale_discriminator import ScaleDiscriminator
from engine.nn.stft_discriminator import Bands, StftDiscriminator

Precision = Literal["same", "bf16"]


class Verdicts(NamedTuple):
    """Logits of each discriminator, of any shape."""

    real: list[Tensor]
    fake: list[Tensor]


class Comparison(NamedTuple):
    """What each discriminator makes of fake audio, beside real."""

    fake_logits: list[Tensor]
    maps: list[list[tuple[Tensor, Tensor]]]
    """Feature maps of each discriminator, as pairs (fake, real); real ones have no graph."""


class Discriminators(nn.Module):
    """Several discriminators over the same audio, by name.

    Those of the form "dac" take audio without its mean, its peak at 0.8; those of "hifi_gan" as it
    is, and their logits are the last of the maps that are compared. `precision` is that of the
    convolutions: "same" as the module's (or autocast's), or "bf16". Weight norm and the STFT are
    always computed in the weights' own.
    """

    def __init__(
        self, members: Mapping[str, nn.Module], form: Form, precision: Precision = "same"
    ) -> None:
        super().__init__()
        self.names, self.form, self.precision = tuple(members), form, precision
        self.discriminators = nn.ModuleList(members.values())

    def judge(self, real: Tensor, fake: Tensor) -> Verdicts:
        """Logits of real and of fake audio [B, 1, samples], for the discriminators' own turn.

        Both go through together, so that every weight is made and every gradient written once.
        """
        audio = self._input(torch.cat([real, fake]))
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
            original, decoded = self._input(real.detach()), self._input(fake)
            for discriminator in self.discriminators:
                with torch.no_grad():
                    kernels = _kernels(discriminator, dtype)
                    wanted = discriminator(original, kernels)
                maps = discriminator(decoded, kernels)
                comparison.fake_logits.append(maps[-1].float())
                pairs = list(zip(maps, wanted, strict=True))
                comparison.maps.append(pairs[:-1] if self.form == "dac" else pairs)
        return comparison

    def _input(self, audio: Tensor) -> Tensor:
        return _normalized(audio) if self.form == "dac" else audio[:, 0]

    def _dtype(self, audio: Tensor) -> torch.dtype:
        return torch.bfloat16 if self.precision == "bf16" else autocast_dtype(audio)


def dac_discriminators(
    periods: Sequence[int],
    stft_windows: Sequence[int],
    bands: Bands,
    precision: Precision = "same",
    channels: Sequence[int] = CHANNELS,
) -> Discriminators:
    """Multi-period and multi-resolution STFT discriminators; `channels` are those of the first."""
    members: dict[str, nn.Module] = {
        f"period_{period}": PeriodDiscriminator(period, "dac", channels) for period in periods
    }
    members |= {f"stft_{window}": StftDiscriminator(window, bands) for window in stft_windows}
    return Discriminators(members, "dac", precision)


def hifi_gan_discriminators(
    periods: Sequence[int],
    precision: Precision = "same",
    channels: Sequence[int] = CHANNELS,
    *,
    with_scale: bool = True,
) -> Discriminators:
    """A discriminator of the waveform as it is, if wanted, and multi-period discriminators."""
    members: dict[str, nn.Module] = {"scale": ScaleDiscriminator()} if with_scale else {}
    members |= {
        f"period_{period}": PeriodDiscriminator(period, "hifi_gan", channels) for period in periods
    }
    return Discriminators(members, "hifi_gan", precision)


def _kernels(discriminator: nn.Module, dtype: torch.dtype) -> list[Kernel]:
    """Every layer's kernel, in the order of the state dict."""
    return [layer(dtype) for layer in discriminator.modules() if isinstance(layer, NormedKernel)]


def _normalized(audio: Tensor) -> Tensor:
    """Audio [B, 1, samples] as [B, samples], without its mean, its peak at 0.8."""
    audio = audio[:, 0]
    audio = audio - audio.mean(-1, keepdim=True)
    peak = audio.abs().max(-1, keepdim=True).values
    return 0.8 * audio / (peak + 1e-9)
