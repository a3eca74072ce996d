"""A training step of a codec in the way of the `dac` package (1.0.0): its modules, its losses.

The order of work is that of its training script, which does not start on today's torch itself:
a discriminator turn on decoded audio and on real audio, each apart, then a generator turn that
passes both through the updated discriminators again, every gradient on, plain AdamW, an
exponential schedule that moves each step, and losses that are only logged.
"""

from collections.abc import Mapping
from typing import Any

import torch
from audiotools import AudioSignal
from dac import DAC
from dac.model.discriminator import Discriminator
from dac.nn.loss import GANLoss, L1Loss, MelSpectrogramLoss, MultiScaleSTFTLoss
from torch import Tensor, nn

MEL_WINDOWS = (32, 64, 128, 256, 512, 1024, 2048)
MEL_BANDS = (5, 10, 20, 40, 80, 160, 320)
WEIGHTS = {"mel": 15.0, "feature": 2.0, "adversarial": 1.0, "commitment": 0.25, "codebook": 1.0}


class UpstreamTraining:
    """Codec and discriminators of `dac`, of the sizes of its 44.1 kHz recipe, and their training.

    `codec` are the arguments of `dac.DAC`.
    """

    def __init__(self, codec: Mapping[str, Any]) -> None:
        self.sample_rate_hz: int = codec["sample_rate"]
        self.codec = DAC(**codec)
        self.discriminators = Discriminator(rates=[], sample_rate=self.sample_rate_hz)
        self._gan = GANLoss(self.discriminators)
        self._logged = {"stft": MultiScaleSTFTLoss(), "waveform": L1Loss()}
        self._mel = MelSpectrogramLoss(
            n_mels=list(MEL_BANDS),
            window_lengths=list(MEL_WINDOWS),
            mel_fmin=[0.0] * len(MEL_BANDS),
            mel_fmax=[None] * len(MEL_BANDS),
            pow=1.0,
            mag_weight=0.0,
        )
        networks = (self.discriminators, self.codec)
        self._optimizers = [
            torch.optim.AdamW(network.parameters(), lr=1e-4, betas=(0.8, 0.99))
            for network in networks
        ]
        self._schedules = [
            torch.optim.lr_scheduler.ExponentialLR(one, gamma=0.999996) for one in self._optimizers
        ]

    def step(self, audio: Tensor) -> None:
        """One step on audio [B, 1, samples]."""
        real = AudioSignal(audio, self.sample_rate_hz)
        coded = self.codec(real.audio_data, real.sample_rate)
        fake = AudioSignal(coded["audio"], self.sample_rate_hz)
        losses = {"discriminator": self._gan.discriminator_loss(fake, real)}
        self._update(0, losses["discriminator"], self.discriminators, 10.0)
        losses |= {name: loss(fake, real) for name, loss in self._logged.items()}
        losses |= self._generator_losses(fake, real, coded)
        self._update(1, _weighed(losses), self.codec, 1e3)
        for loss in losses.values():
            loss.item()

    def gradients(self, audio: Tensor) -> tuple[dict[str, Tensor], dict[str, dict[str, Tensor]]]:
        """The losses at the present weights, and each network's gradients; nothing is updated."""
        real = AudioSignal(audio, self.sample_rate_hz)
        coded = self.codec(real.audio_data, real.sample_rate)
        fake = AudioSignal(coded["audio"], self.sample_rate_hz)
        losses = {"discriminator": self._gan.discriminator_loss(fake, real)}
        losses |= self._generator_losses(fake, real, coded)
        return losses, {
            "discriminator": _gradients(losses["discriminator"], self.discriminators),
            "generator": _gradients(_weighed(losses), self.codec),
        }

    def _generator_losses(
        self, fake: AudioSignal, real: AudioSignal, coded: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        adversarial, feature = self._gan.generator_loss(fake, real)
        return {
            "mel": self._mel(fake, real),
            "adversarial": adversarial,
            "feature": feature,
            "commitment": coded["vq/commitment_loss"],
            "codebook": coded["vq/codebook_loss"],
        }

    def _update(self, which: int, loss: Tensor, network: nn.Module, clip: float) -> None:
        self._optimizers[which].zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), clip)
        self._optimizers[which].step()
        self._schedules[which].step()


def _weighed(losses: Mapping[str, Tensor]) -> Tensor:
    return torch.stack([weight * losses[name] for name, weight in WEIGHTS.items()]).sum()


def _gradients(loss: Tensor, network: nn.Module) -> dict[str, Tensor]:
    parameters = dict(network.named_parameters())
    found = torch.autograd.grad(loss, [*parameters.values()], retain_graph=True)
    return dict(zip(parameters, found, strict=True))
