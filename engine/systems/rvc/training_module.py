"""The training task: the synthesizer, the discriminators that judge it, the terms of both turns."""

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.errors import RefusedValuesError
from engine.nn.adversarial import discriminator_loss, feature_distances, generator_loss, health
from engine.nn.spectral import StftDistance
from engine.systems.rvc.network.losses import kl_divergence, mel_distance
from engine.systems.rvc.network.masks import crop
from engine.systems.rvc.network.spectrogram import LinearSpectrogram, LogMel
from engine.systems.rvc.network.synthesizer import Synthesized
from engine.systems.rvc.networks import (
    build_discriminators,
    build_synthesizer,
    spectrogram_settings,
)
from engine.systems.rvc.recipe import ADVERSARIAL_TERMS, RvcRecipe
from engine.training.system import Batch, Terms, TrainingModule

_SYNTHESIZED = "synthesized/"
"""Stands before the names of what the synthesizer makes of a batch."""


class RvcTrainingModule(TrainingModule):
    """Batches as `VoiceSlices` makes them.

    `content_digest` is that of the content encoder: its weights know these features alone.
    """

    heard: Tensor

    def __init__(self, recipe: RvcRecipe, content_digest: str) -> None:
        super().__init__()
        self.register_buffer("heard", torch.tensor([*content_digest.encode()], dtype=torch.uint8))
        self.network = build_synthesizer(recipe)
        self.discriminators = build_discriminators(recipe)
        settings = spectrogram_settings(recipe)
        self.hop_length, self.segment_frames = settings.hop_length, recipe.dataset.segment_frames
        self.spectrogram, self.log_mel = LinearSpectrogram(settings), LogMel(settings)
        self.stft_distance = StftDistance()
        self.terms = frozenset(recipe.generator_weights)
        self.starts_at_step = recipe.model.discriminator.starts_at_step
        self.prior_share = recipe.model.prior_share
        self.adversary = False
        """Whether the discriminators are used in the current step."""
        self.learned_steps, self.learned_epochs = 0, 0.0
        """Steps and epochs after which the run's final weights were trained."""

    def begin(self, step: int) -> None:
        """Begin a step: discriminators are used from their own first step on."""
        needed = not self.terms.isdisjoint(ADVERSARIAL_TERMS)
        self.adversary = needed and step >= self.starts_at_step

    def conclude(self, step: int, epoch: float) -> None:
        """Record the steps and epochs of the final weights, for the exported file."""
        self.learned_steps, self.learned_epochs = step, epoch

    def prepare(self, batch: Batch) -> Batch:
        """Run the synthesizer once for both turns, and cut the targets of its segments."""
        starts, hop = batch["crop_starts"], self.hop_length
        spectrogram = self.spectrograms(batch["audio"][:, 0], batch["lengths"])
        made = self.network(
            batch["content"],
            batch.get("f0_coarse"),
            batch.get("f0"),
            spectrogram,
            batch["lengths"],
            batch["speaker"],
            starts,
            self.segment_frames,
            num_from_prior=rounded_by_chance(self.prior_share * len(starts)),
        )
        target = crop(batch["audio"], starts * hop, self.segment_frames * hop)
        return {
            **batch,
            "spectrogram": spectrogram,
            "target": target,
            **{f"{_SYNTHESIZED}{name}": value for name, value in made._asdict().items()},
        }

    def num_targets(self, batch: Batch) -> Mapping[str, int]:
        """See TrainingModule: the divergence is a mean over all frames of whole clips."""
        return {"kl": int(batch["lengths"].sum())}

    def discriminator(self, batch: Batch) -> Terms:
        """The discriminators' loss on recordings and generated audio.

        No gradient reaches the synthesizer.
        """
        made = _synthesized(batch).audio.detach()
        verdicts = self.discriminators.judge(batch["target"], made)
        loss = discriminator_loss("least_squares", "sum", verdicts)
        measured = health("least_squares", self.discriminators.names, verdicts)
        return Terms({"discriminator": loss}, measured)

    def generator(self, batch: Batch) -> Terms:
        """The synthesizer's loss terms; the adversarial ones where the discriminators are used."""
        made = _synthesized(batch)
        losses = self._spectral(batch, made.audio)
        if "kl" in self.terms:
            losses["kl"] = kl_divergence(made)
        metrics: Mapping[str, Tensor] = {}
        if self.adversary:
            adversarial, metrics = self._adversarial(batch["target"], made.audio)
            losses |= {term: loss for term, loss in adversarial.items() if term in self.terms}
        return Terms(losses, metrics, generator_output=made.audio)

    def spectrograms(self, audio: Tensor, lengths: Tensor) -> Tensor:
        """Magnitudes [B, bins, T] of clips [B, T * hop], of `lengths` frames [B].

        Each clip's end is mirrored as if it were alone.
        """
        settings = self.spectrogram.settings
        margin = -(-(settings.n_fft - settings.hop_length) // 2)
        last = lengths[:, None] * settings.hop_length - 1
        places = torch.arange(audio.shape[1] + margin, device=audio.device).expand(len(audio), -1)
        mirrored = torch.where(places > last, 2 * last - places, places).clamp(min=0)
        whole = F.pad(audio.gather(1, mirrored), (0, -margin % settings.hop_length))
        magnitudes: Tensor = self.spectrogram(whole)
        return magnitudes[..., : audio.shape[1] // settings.hop_length]

    def adopted(self, weights: Mapping[str, Tensor]) -> tuple[Mapping[str, Tensor], str]:
        """A parent's weights unchanged, where it was trained on the same content features."""
        self._require_same_content(weights.get("heard"))
        return weights, ""

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *others: Any) -> None:
        """Raise UserError where weights were trained on another content encoder's features."""
        self._require_same_content(state_dict.get(f"{prefix}heard"))
        super()._load_from_state_dict(state_dict, prefix, *others)

    def _require_same_content(self, given: Tensor | None) -> None:
        if given is not None and not torch.equal(given.cpu(), self.heard.cpu()):
            raise RefusedValuesError(
                "These weights were trained on the content features of another model or of other "
                "settings: the same numbers stand for other sounds. Give both recipes the same "
                "dataset.content, with the same files in its folder, or start from other weights."
            )

    def _spectral(self, batch: Batch, made: Tensor) -> dict[str, Tensor]:
        """The terms that compare spectra."""
        losses: dict[str, Tensor] = {}
        if "mel" in self.terms:
            losses["mel"] = mel_distance(
                made, batch["spectrogram"], batch["crop_starts"], self.spectrogram, self.log_mel
            )
        if "stft" in self.terms:
            losses["stft"] = self.stft_distance(made, batch["target"])
        return losses

    def _adversarial(
        self, target: Tensor, made: Tensor
    ) -> tuple[Mapping[str, Tensor], Mapping[str, Tensor]]:
        """The terms that need the discriminators, and how far their feature maps are apart."""
        comparison = self.discriminators.compare(target, made)
        distances = feature_distances(comparison.maps)
        fooling = generator_loss("least_squares", "sum", comparison.fake_logits)
        losses = {"adversarial": fooling, "feature": distances.sum}
        return losses, {"feature_relative": distances.relative.detach()}


def _synthesized(batch: Batch) -> Synthesized:
    return Synthesized(*(batch[f"{_SYNTHESIZED}{name}"] for name in Synthesized._fields))


def rounded_by_chance(number: float) -> int:
    """One of the two whole numbers next to it, `number` on average.

    A part of a batch may hold half a clip of the share: on average the share holds, however the
    batch is cut.
    """
    whole = int(number)
    rest = number - whole
    return whole + int(rest > 0 and float(torch.rand(())) < rest)
