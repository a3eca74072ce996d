"""A training step of a codec in the way of the `dac` package (1.0.0): its modules, its losses.

The order of work is that of its training script, which does not start on today's torch itself:
a discriminator turn on decoded audio and on real audio, each apart, then a generator turn that
passes both through the updated discriminators again, every gradient on, plain AdamW, an
exponential schedule that moves each step, and losses that are only logged. It has noise for audio,
which lies ready, and the engine's handling of freed memory.
"""

from collections.abc import Mapping, Sequence
from functools import partial

import torch
from audiotools import AudioSignal
from dac import DAC
from dac.model.discriminator import Discriminator
from dac.nn.loss import GANLoss, L1Loss, MelSpectrogramLoss, MultiScaleSTFTLoss
from torch import Tensor, nn

from benchmarks.cantus import Cantus, differences, recipe_of
from benchmarks.comparison import Comparison, Training
from benchmarks.speech_project import NUM_CLIPS, speech_project
from engine.nn.cpu.memory import keep_freed_memory
from engine.project import Project
from engine.systems.codec.network.network import NetworkSettings
from engine.systems.codec.recipe import CodecRecipe
from engine.training.system import Batch, System

RECIPE, BATCH_SIZE, NUM_EVAL_CLIPS = "codec_dac_paper", 2, 8

SIZES = {
    "small": (
        "dataset.sample_rate_hz=16000",
        "model.encoder_dim=16",
        "model.encoder_rates=[2, 4, 4, 8]",
        "model.decoder_dim=256",
        "model.decoder_rates=[8, 4, 4, 2]",
    ),
    "full": (),
}
WAYS = {
    "cantus fp32": (),
    "cantus, discriminators bf16": ("model.discriminator.precision='bf16'",),
}
_ALWAYS = (
    "dataset.corpus='speech'",
    f"dataset.num_eval_clips={NUM_EVAL_CLIPS}",
    "model.quantizer_dropout=0.0",  # so that both ways compute the same
    f"training.batch_size={BATCH_SIZE}",
)
MEL_WINDOWS = (32, 64, 128, 256, 512, 1024, 2048)
MEL_BANDS = (5, 10, 20, 40, 80, 160, 320)
WEIGHTS = {"mel": 15.0, "feature": 2.0, "adversarial": 1.0, "commitment": 0.25, "codebook": 1.0}


def comparison(size: str) -> Comparison:
    """`dac`, and Cantus with discriminators of both precisions."""
    recipe = _recipe(size)

    def overrides(way: str) -> Sequence[str]:
        return (*_ALWAYS, *SIZES[size], *WAYS[way])

    def apart(way: str, project: Project) -> dict[str, float]:
        torch.manual_seed(1)
        return differences(project, RECIPE, overrides(way), UpstreamTraining(recipe))

    def cantus(way: str, project: Project) -> Cantus:
        return Cantus(project, RECIPE, overrides(way))

    return Comparison(
        project=partial(speech_project, rate=recipe.dataset.sample_rate_hz),
        num_clips=NUM_CLIPS - NUM_EVAL_CLIPS,
        ways={
            "upstream": lambda _: UpstreamTraining(recipe),
            **{way: partial(cantus, way) for way in WAYS},
        },
        differences={way: partial(apart, way) for way in WAYS},
        batch_size=BATCH_SIZE,
    )


def _recipe(size: str) -> CodecRecipe:
    recipe = recipe_of(RECIPE, (*_ALWAYS, *SIZES[size]))
    assert isinstance(recipe, CodecRecipe)
    return recipe


class UpstreamTraining(Training):
    """Codec and discriminators of `dac`, of the sizes of a recipe of ours, and their training."""

    def __init__(self, recipe: CodecRecipe) -> None:
        keep_freed_memory()
        self.sample_rate_hz = recipe.dataset.sample_rate_hz
        samples = round(recipe.dataset.segment_seconds * self.sample_rate_hz)
        self._audio = 0.1 * torch.randn(BATCH_SIZE, 1, samples)
        settings = NetworkSettings.of(recipe.model, self.sample_rate_hz)
        self.codec = DAC(**settings.upstream_kwargs)
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

    def step(self, _: Sequence[int]) -> None:
        """See `Training`."""
        real = AudioSignal(self._audio, self.sample_rate_hz)
        coded = self.codec(real.audio_data, real.sample_rate)
        fake = AudioSignal(coded["audio"], self.sample_rate_hz)
        losses = {"discriminator": self._gan.discriminator_loss(fake, real)}
        self._update(0, losses["discriminator"], self.discriminators, 10.0)
        losses |= {name: loss(fake, real) for name, loss in self._logged.items()}
        losses |= self._generator_losses(fake, real, coded)
        self._update(1, _weighed(losses), self.codec, 1e3)
        for loss in losses.values():
            loss.item()

    def weights(self) -> dict[str, dict[str, Tensor]]:
        """See `Upstream`."""
        networks = {"network": self.codec, "discriminators": self.discriminators}
        return {place: network.state_dict() for place, network in networks.items()}

    def batch(self, _: System) -> Batch:
        """See `Upstream`."""
        return {"audio": self._audio, "target": self._audio}

    def gradients(self, batch: Batch) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """See `Upstream`."""
        real = AudioSignal(batch["audio"], self.sample_rate_hz)
        coded = self.codec(real.audio_data, real.sample_rate)
        fake = AudioSignal(coded["audio"], self.sample_rate_hz)
        losses = {"discriminator": self._gan.discriminator_loss(fake, real)}
        losses |= self._generator_losses(fake, real, coded)
        judged = _gradients(losses["discriminator"], self.discriminators, "discriminators")
        return losses, {**judged, **_gradients(_weighed(losses), self.codec, "network")}

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
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), clip)
        self._optimizers[which].step()
        self._schedules[which].step()


def _weighed(losses: Mapping[str, Tensor]) -> Tensor:
    return torch.stack([weight * losses[name] for name, weight in WEIGHTS.items()]).sum()


def _gradients(loss: Tensor, network: nn.Module, place: str) -> dict[str, Tensor]:
    parameters = dict(network.named_parameters(prefix=place))
    found = torch.autograd.grad(loss, [*parameters.values()], retain_graph=True)
    return dict(zip(parameters, found, strict=True))
