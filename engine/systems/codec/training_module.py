"""The codec and its discriminators as trained, with the loss terms of both turns."""

from collections.abc import Mapping

import torch
from torch import Tensor

from engine.nn.adversarial import (
    discriminator_loss,
    feature_distances,
    generator_loss,
    health,
    hinge_mean,
    least_squares_mean,
)
from engine.nn.discriminators import Comparison, Verdicts, dac_discriminators
from engine.nn.spectral import MelDistance, StftDistance
from engine.systems.codec.network.network import CodecNetwork, NetworkSettings
from engine.systems.codec.recipe import ADVERSARIAL_TERMS, CodecRecipe
from engine.training.balance import Balancer
from engine.training.system import Batch, Terms, TrainingModule


class CodecTrainingModule(TrainingModule):
    """Codec and discriminators. A batch (of `CodecClips`) is `audio` to code and its `target`."""

    def __init__(self, recipe: CodecRecipe) -> None:
        super().__init__()
        model, rate = recipe.model, recipe.dataset.sample_rate_hz
        self.network = CodecNetwork(NetworkSettings.of(model, rate))
        table = self.table = model.discriminator
        self.discriminators = dac_discriminators(
            table.periods, table.stft_windows, table.bands, table.precision
        )
        self.mel_distance, self.stft_distance = MelDistance(rate), StftDistance()
        self.terms = frozenset(recipe.generator_weights)
        balancer = recipe.losses.balancer
        self.balancer = None
        if balancer is not None:
            self.balancer = Balancer(sorted(self.terms), balancer.decay, balancer.total_norm)
        self.adversary = False
        """Whether the discriminators are used in the current step."""

    def begin(self, step: int) -> None:
        """Begin a step: discriminators are used from their own first step on."""
        needed = not self.terms.isdisjoint(ADVERSARIAL_TERMS)
        self.adversary = needed and step >= self.table.starts_at_step

    def prepare(self, batch: Batch) -> Batch:
        """Code and decode a batch once, for both turns."""
        coded = self.network(batch["audio"])
        return {
            **batch,
            "decoded": coded.audio.float(),
            "codes": coded.codes,
            "commitment": coded.commitment,
            "codebook": coded.codebook,
        }

    def discriminator(self, batch: Batch) -> Terms:
        """The discriminators' loss on real and decoded audio; no gradient reaches the codec."""
        verdicts = self.discriminators.judge(batch["target"], batch["decoded"].detach())
        loss = discriminator_loss(self.table.loss, self.table.reduction, verdicts)
        return Terms({"discriminator": loss}, self._health(verdicts))

    def generator(self, batch: Batch) -> Terms:
        """The codec's loss terms; the adversarial ones where the discriminators are used."""
        decoded, target = batch["decoded"], batch["target"]
        losses: dict[str, Tensor] = {
            term: batch[term] for term in ("commitment", "codebook") if term in self.terms
        }
        if "mel" in self.terms:
            losses["mel"] = self.mel_distance(decoded, target)
        if "waveform" in self.terms:
            losses["waveform"] = (decoded - target).abs().mean()
        if "stft" in self.terms:
            losses["stft"] = self.stft_distance(decoded, target)
        metrics = self._codebooks(batch["codes"])
        if self.adversary:
            adversarial, measured = self._adversarial(self.discriminators.compare(target, decoded))
            losses |= {term: loss for term, loss in adversarial.items() if term in self.terms}
            metrics |= measured
        return Terms(losses, metrics, generator_output=decoded)

    def _adversarial(
        self, comparison: Comparison
    ) -> tuple[Mapping[str, Tensor], Mapping[str, Tensor]]:
        """The loss terms that need the discriminators, and feature distances in three units."""
        distances = feature_distances(comparison.maps)
        fooling = generator_loss(self.table.loss, self.table.reduction, comparison.fake_logits)
        feature = getattr(distances, self.table.features)
        metrics = {
            f"feature_{unit}": getattr(distances, unit).detach() for unit in distances._fields
        }
        return {"adversarial": fooling, "feature": feature}, metrics

    @torch.no_grad()
    def _health(self, verdicts: Verdicts) -> dict[str, Tensor]:
        """How far each discriminator is from guessing."""
        return {
            **health(self.table.loss, self.discriminators.names, verdicts),
            "hinge_mean": hinge_mean(verdicts),
            "least_squares_mean": least_squares_mean(verdicts),
        }

    @torch.no_grad()
    def _codebooks(self, codes: Tensor) -> dict[str, Tensor]:
        """Mean perplexity of codes [B, codebooks, frames], and the number of replaced codes."""
        rows = codes.transpose(0, 1).flatten(1)
        counts = torch.zeros(
            len(rows), self.network.settings.codebook_size, device=codes.device
        ).scatter_add_(1, rows, torch.ones_like(rows, dtype=torch.float32))
        entropy = torch.special.entr(counts / rows.shape[1]).sum(1)
        metrics = {"perplexity": entropy.exp().mean()}
        if self.network.settings.restart_below > 0.0:
            metrics["restarted_codes"] = self.network.quantizer.restarted.float()
        return metrics
