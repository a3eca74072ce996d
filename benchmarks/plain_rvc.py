"""RVC's networks as RVC WebUI has them, on torch's own modules, and its losses.

Names and shapes of tensors are the same as everywhere. The generator is the engine's, but for its
WaveNet layers; where RVC's own code does more work (attention with vectors for all distances, a
phase that is interpolated and summed up over samples), it is spared that here.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import weight_norm

from engine.systems.rvc.network.settings import SynthesizerSettings
from engine.systems.rvc.network.synthesizer import Synthesizer

Judged = tuple[Tensor, list[Tensor]]
"""Logits, and every layer's maps with them."""
_SCALE = (
    (1, 16, 15, 1, 1),
    (16, 64, 41, 4, 4),
    (64, 256, 41, 4, 16),
    (256, 1024, 41, 4, 64),
    (1024, 1024, 41, 4, 256),
    (1024, 1024, 5, 1, 1),
)


def plain_synthesizer(settings: SynthesizerSettings) -> Synthesizer:
    """The generator with WaveNets of torch's convolutions."""
    network = Synthesizer(settings)
    dim, voice = settings.hidden_dim, settings.speaker_dim
    network.enc_q.enc = _WaveNet(dim, voice, settings.posterior_layers)  # type: ignore[assignment]
    for coupling in network.flow.flows[::2]:
        coupling.enc = _WaveNet(dim, voice, 3)
    return network


class PlainDiscriminators(nn.Module):
    """Discriminators of the waveform and of the periods, each on its own."""

    def __init__(self, periods: Sequence[int], channels: Sequence[int], with_scale: bool) -> None:
        super().__init__()
        scale = [_Scale()] if with_scale else []
        self.discriminators = nn.ModuleList(
            [*scale, *(_Period(period, channels) for period in periods)]
        )

    def forward(self, real: Tensor, fake: Tensor) -> list[tuple[Judged, Judged]]:
        """What each makes of real and of fake audio [B, 1, samples]."""
        return [(one(real), one(fake)) for one in self.discriminators]


def discriminator_loss(judged: Sequence[tuple[Judged, Judged]]) -> Tensor:
    """Least squares, and as RVC logs it a number of each discriminator besides."""
    total = torch.zeros(())
    for (real, _), (fake, _) in judged:
        of_real, of_fake = (1 - real).square().mean(), fake.square().mean()
        total = total + of_real + of_fake
        of_real.item(), of_fake.item()
    return total


def generator_losses(judged: Sequence[tuple[Judged, Judged]]) -> tuple[Tensor, Tensor]:
    """Fooling the discriminators, and the sum of the distances of their maps."""
    fooling = torch.stack([(1 - fake).square().mean() for _, (fake, _) in judged]).sum()
    pairs = [pair for (_, real), (_, fake) in judged for pair in zip(real, fake, strict=True)]
    feature = torch.stack([(real.detach() - fake).abs().mean() for real, fake in pairs]).sum()
    return fooling, feature


def measure_gradients(network: nn.Module) -> float:
    """RVC's `clip_grad_value_(parameters, None)`: the norm, one parameter after the other."""
    gradients = [p.grad for p in network.parameters() if p.grad is not None]
    return float(sum(gradient.norm().item() ** 2 for gradient in gradients) ** 0.5)


class _WaveNet(nn.Module):
    def __init__(self, dim: int, voice: int, layers: int) -> None:
        super().__init__()
        self.dim = dim
        self.cond_layer = weight_norm(nn.Conv1d(voice, 2 * dim * layers, 1))
        self.in_layers = nn.ModuleList(
            weight_norm(nn.Conv1d(dim, 2 * dim, 5, padding=2)) for _ in range(layers)
        )
        self.res_skip_layers = nn.ModuleList(
            weight_norm(nn.Conv1d(dim, dim if layer == layers - 1 else 2 * dim, 1))
            for layer in range(layers)
        )

    def forward(self, x: Tensor, mask: Tensor, voice: Tensor) -> Tensor:
        output = torch.zeros_like(x)
        conditions = self.cond_layer(voice).chunk(len(self.in_layers), 1)
        layers = zip(self.in_layers, self.res_skip_layers, conditions, strict=True)
        for mix, split, condition in layers:
            signal, gate = (mix(x) + condition).chunk(2, 1)
            both = split(signal.tanh() * gate.sigmoid())
            if both.shape[1] > self.dim:
                x = (x + both[:, : self.dim]) * mask
            output = output + both[:, -self.dim :]
        return output * mask


class _Scale(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            weight_norm(nn.Conv1d(i, o, k, stride, k // 2, groups=groups))
            for i, o, k, stride, groups in _SCALE
        )
        self.conv_post = weight_norm(nn.Conv1d(_SCALE[-1][1], 1, 3, padding=1))

    def forward(self, x: Tensor) -> Judged:
        return _judged(x, self.convs, self.conv_post)


class _Period(nn.Module):
    def __init__(self, period: int, channels: Sequence[int]) -> None:
        super().__init__()
        self.period = period
        strides = [*[3] * (len(channels) - 1), 1]
        self.convs = nn.ModuleList(
            weight_norm(nn.Conv2d(i, o, (5, 1), (stride, 1), (2, 0)))
            for i, o, stride in zip((1, *channels), channels, strides, strict=False)
        )
        self.conv_post = weight_norm(nn.Conv2d(channels[-1], 1, (3, 1), padding=(1, 0)))

    def forward(self, x: Tensor) -> Judged:
        padded = F.pad(x, (0, -x.shape[-1] % self.period), "reflect")
        images = padded.view(*x.shape[:2], -1, self.period)
        return _judged(images, self.convs, self.conv_post)


def _judged(x: Tensor, convs: nn.ModuleList, last: nn.Module) -> Judged:
    maps = []
    for conv in convs:
        x = F.leaky_relu(conv(x), 0.1)
        maps.append(x)
    logits = last(x)
    return logits.flatten(1), [*maps, logits]
