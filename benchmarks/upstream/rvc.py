"""A training step of RVC in the way of RVC WebUI: the order of work of its training script.

Forward; the discriminators' turn on real and on decoded audio, each apart; the same once more with
the updated ones for the generator's turn, every gradient on; gradient norms one parameter after the
other; AdamW as torch has it by default; a mel spectrogram of the whole clip of which a segment is
taken. RVC is no package: `benchmarks/plain_rvc.py` has its networks on torch's own modules. Clips
are read as the engine reads them, and freed memory is handled as the engine does.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.cantus import Cantus, differences, recipe_of
from benchmarks.comparison import Comparison, Training
from benchmarks.plain_rvc import (
    PlainDiscriminators,
    discriminator_loss,
    generator_losses,
    measure_gradients,
    plain_synthesizer,
)
from benchmarks.speech_project import NUM_CLIPS, speech_project
from engine.nn.cpu.memory import keep_freed_memory
from engine.project import Project
from engine.recipe import load_params
from engine.system_support.build import build_system
from engine.systems.rvc.network.losses import kl_divergence
from engine.systems.rvc.network.masks import crop
from engine.systems.rvc.network.synthesizer import Noise, Synthesized
from engine.systems.rvc.networks import synthesizer_settings
from engine.systems.rvc.recipe import RvcRecipe
from engine.systems.rvc.training_module import RvcTrainingModule
from engine.training.system import Batch, System

RECIPE, NUM_EVAL_CLIPS, NUM_STEPS = "rvc_v2_40k", 8, 3
"""Recipe, evaluation clips, and number of steps after which parameters are compared."""
SIZES = {
    "demo": (
        "dataset.sample_rate_hz=16000",
        "model.n_fft=1024",
        "model.num_mels=64",
        "model.latent_channels=48",
        "model.hidden_channels=48",
        "model.filter_channels=96",
        "model.num_layers=2",
        "model.posterior_layers=4",
        "model.speaker_channels=48",
        "model.speaker_rows=4",
        "model.resblock='2'",
        "model.resblock_kernels=[3, 7]",
        "model.resblock_dilations=[[1, 3], [1, 3]]",
        "model.upsample_rates=[10, 4, 4]",
        "model.upsample_kernels=[20, 8, 8]",
        "model.upsample_channels=128",
        "model.discriminator.periods=[2, 3, 5, 7, 11]",
        "model.discriminator.channels=[8, 16, 32, 64]",
        "model.discriminator.scale='without'",
    ),
    "full": (),
}
BATCH_SIZES = {"demo": 2, "full": 1}
NUM_BATCHES = {"demo": 8, "full": 1}
_ALWAYS = (
    "dataset.corpus='speech'",
    f"dataset.num_eval_clips={NUM_EVAL_CLIPS}",
    "dataset.pitch={ kind = 'swift_f0' }",
    "dataset.content={ kind = 'logmel' }",
)
_WAYS = {"cantus": (), "cantus, bf16": ("training.precision='bf16'",)}
WEIGHTS = {"adversarial": 1.0, "feature": 2.0, "mel": 45.0, "kl": 1.0}
_ADAMW: dict[str, Any] = {"lr": 1e-4, "betas": (0.8, 0.99), "eps": 1e-9}
Losses = dict[str, Tensor]


def comparison(size: str) -> Comparison:
    """RVC WebUI's way, and Cantus in both precisions."""
    recipe = _recipe(size)

    def overrides(way: str) -> Sequence[str]:
        return (*_overrides(size), *_WAYS[way])

    def apart(way: str, project: Project) -> Mapping[str, float]:
        torch.manual_seed(1)
        upstream = UpstreamTraining(recipe, project)
        found = differences(project, RECIPE, overrides(way), upstream)
        if _WAYS[way]:  # in half precision a few steps show no more than one
            return found
        return found | _after_steps(project, overrides(way), upstream)

    def rvc_webui(project: Project) -> UpstreamTraining:
        keep_freed_memory()
        return UpstreamTraining(recipe, project)

    def cantus(way: str, project: Project) -> Cantus:
        return Cantus(project, RECIPE, overrides(way))

    return Comparison(
        project=partial(speech_project, rate=recipe.dataset.sample_rate_hz),
        num_clips=NUM_CLIPS - NUM_EVAL_CLIPS,
        ways={
            "upstream": rvc_webui,
            **{way: partial(cantus, way) for way in _WAYS},
        },
        differences={way: partial(apart, way) for way in _WAYS},
        batch_size=BATCH_SIZES[size],
        num_batches=NUM_BATCHES[size],
    )


def _overrides(size: str) -> Sequence[str]:
    return (*_ALWAYS, *SIZES[size], f"training.batch_size={BATCH_SIZES[size]}")


def _recipe(size: str) -> RvcRecipe:
    recipe = recipe_of(RECIPE, _overrides(size))
    assert isinstance(recipe, RvcRecipe)
    return recipe


class UpstreamTraining(Training):
    """Networks of the sizes of a recipe, and their training in RVC WebUI's order."""

    def __init__(self, recipe: RvcRecipe, project: Project) -> None:
        self._system = build_system(recipe, project, load_params(project.params))
        module = self._system.module
        assert isinstance(module, RvcTrainingModule)
        self._spectrograms = module.spectrograms  # of each clip alone, as RVC WebUI keeps them
        self._spectrogram, self._log_mel = module.spectrogram, module.log_mel
        self._batch_size = recipe.training.batch_size
        self._segment, self._hop = recipe.dataset.segment_frames, recipe.model.hop_length
        table = recipe.model.discriminator
        self.network = plain_synthesizer(synthesizer_settings(recipe))
        self.discriminators = PlainDiscriminators(
            recipe.model.periods, table.channels, table.scale == "with"
        )
        networks = (self.discriminators, self.network)
        self._optimizers = [torch.optim.AdamW(one.parameters(), **_ADAMW) for one in networks]
        self._random = np.random.default_rng(1)

    def step(self, clips: Sequence[int]) -> None:
        """See `Training`."""
        self.learn(self._system.train_clips.batch(clips, self._random))

    def learn(self, batch: Batch) -> Losses:
        """A step on a batch, as RVC WebUI takes it."""
        made, judged_loss = self._discriminated(batch)
        self._update(0, judged_loss, self.discriminators)
        losses = self._made(batch, made)
        self._update(1, _weighed(losses), self.network)
        return {"discriminator": judged_loss, **losses}

    def weights(self) -> dict[str, dict[str, Tensor]]:
        """See `Upstream`."""
        networks = {"network": self.network, "discriminators": self.discriminators}
        return {
            place: {name: value.clone() for name, value in network.state_dict().items()}
            for place, network in networks.items()
        }

    def batch(self, system: System) -> Batch:
        """See `Upstream`."""
        batch = system.train_clips.batch(range(self._batch_size), np.random.default_rng(1))
        num_clips, num_frames = batch["content"].shape[:2]
        noise = self.network.draw(num_clips, num_frames, self._segment)
        for network in (self.network, system.module.get_submodule("network")):
            setattr(network, "draw", _drawn(noise))  # noqa: B010 - a method of this one network
        return batch

    def gradients(self, batch: Batch) -> tuple[Losses, Losses]:
        """See `Upstream`."""
        made, judged_loss = self._discriminated(batch)
        losses = self._made(batch, made)
        judged = _gradients(judged_loss, self.discriminators, "discriminators")
        own = _gradients(_weighed(losses), self.network, "network")
        return {"discriminator": judged_loss, **losses}, {**judged, **own}

    def losses(self, batch: Batch) -> Losses:
        """With the present weights, all of them."""
        made, judged_loss = self._discriminated(batch)
        return {"discriminator": judged_loss, **self._made(batch, made)}

    def _discriminated(self, batch: Batch) -> tuple[Synthesized, Tensor]:
        """What the generator makes of a batch, and the discriminators' loss on it."""
        spectrogram = self._spectrograms(batch["audio"][:, 0], batch["lengths"])
        given = [batch[name] for name in ("content", "f0_coarse", "f0")]
        clips = [batch[name] for name in ("lengths", "speaker", "crop_starts")]
        made = self.network(*given, spectrogram, *clips, self._segment)
        return made, discriminator_loss(self.discriminators(self._real(batch), made.audio.detach()))

    def _made(self, batch: Batch, made: Synthesized) -> Losses:
        """The generator's losses, with the discriminators as they are by now."""
        mels = self._log_mel(self._spectrograms(batch["audio"][:, 0], batch["lengths"]))
        wanted = crop(mels, batch["crop_starts"], self._segment)
        found = self._log_mel(self._spectrogram(made.audio[:, 0]))
        fooling, feature = generator_losses(self.discriminators(self._real(batch), made.audio))
        return {
            "adversarial": fooling,
            "feature": feature,
            "mel": F.l1_loss(wanted, found),
            "kl": kl_divergence(made),
        }

    def _real(self, batch: Batch) -> Tensor:
        starts, length = batch["crop_starts"] * self._hop, self._segment * self._hop
        return crop(batch["audio"], starts, length)

    def _update(self, which: int, loss: Tensor, network: nn.Module) -> None:
        self._optimizers[which].zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        measure_gradients(network)
        self._optimizers[which].step()


def _after_steps(
    project: Project, overrides: Sequence[str], upstream: UpstreamTraining
) -> dict[str, float]:
    """How far losses and weights are apart after a few steps on one batch.

    Of losses the largest relative difference; of weights the distance, over how far they moved.
    """
    cantus = Cantus(project, RECIPE, overrides)
    module, before = cantus.system.module, upstream.weights()
    for place, state in before.items():
        getattr(module, place).load_state_dict(state)
    batch = upstream.batch(cantus.system)
    for step in range(NUM_STEPS):
        cantus.stepper.step([batch], step)
        upstream.learn(batch)
    prepared = module.prepare(batch)
    terms = [getattr(module, turn.name)(prepared).losses for turn in cantus.system.turns]
    ours = {name: float(one.detach()) for of_turn in terms for name, one in of_turn.items()}
    apart = {
        name: abs(ours[name] / float(loss.detach()) - 1)
        for name, loss in upstream.losses(batch).items()
    }
    return {
        f"losses after {NUM_STEPS} steps": max(apart.values()),
        f"weights after {NUM_STEPS} steps": _moved_apart(module, before, upstream.weights()),
    }


def _moved_apart(
    module: nn.Module,
    before: Mapping[str, Mapping[str, Tensor]],
    after: Mapping[str, Mapping[str, Tensor]],
) -> float:
    distance = moved = 0.0
    for place, state in after.items():
        for name, own in getattr(module, place).state_dict().items():
            distance += float((own - state[name]).double().square().sum())
            moved += float((state[name] - before[place][name]).double().square().sum())
    return float((distance / moved) ** 0.5)


def _drawn(noise: Noise) -> Callable[..., Noise]:
    return lambda *_, **__: noise


def _weighed(losses: Mapping[str, Tensor]) -> Tensor:
    return torch.stack([weight * losses[name] for name, weight in WEIGHTS.items()]).sum()


def _gradients(loss: Tensor, network: nn.Module, place: str) -> Losses:
    parameters = dict(network.named_parameters(prefix=place))
    found = torch.autograd.grad(loss, [*parameters.values()], retain_graph=True)
    return dict(zip(parameters, found, strict=True))
