"""The networks of a recipe as trained, with the loss terms of their one turn."""

import torch
from torch import Tensor

from engine.nn.quantize import EmaCodebook, GradientCodebook, OrderedLevels, Quantizer
from engine.systems.vqvae.network.model import GridAutoencoder, aligned_network, puzzle_network
from engine.systems.vqvae.network.normalize import window_of
from engine.systems.vqvae.recipe import (
    AlignedNetwork,
    EmaCodes,
    GradientCodes,
    PuzzleNetwork,
)
from engine.systems.vqvae.recipe import Quantizer as QuantizerTable
from engine.training.system import Batch, Terms, TrainingModule


class VqvaeTrainingModule(TrainingModule):
    """The autoencoder and its loss terms. Batches as `VqvaeClips` makes them."""

    def __init__(self, model: PuzzleNetwork | AlignedNetwork) -> None:
        super().__init__()
        self.normalisation = model.normalisation
        self.network = build_network(model)

    def autoencoder(self, batch: Batch) -> Terms:
        """Reconstruct a batch.

        `reconstruction` is the mean squared error of normalized mels; the quantizer adds its own
        losses. The metric `perplexity` is that of the batch's codes.
        """
        window = window_of(self.normalisation, batch["mel_db"])
        coded = self.network(window.normalize(batch["mel_db"]))
        error = coded.reconstruction.float() - window.normalize(batch["target_db"])
        losses = {"reconstruction": error.square().mean(), **coded.quantized.losses}
        return Terms(losses, {"perplexity": self._perplexity(coded.quantized.indices)})

    def _perplexity(self, codes: Tensor) -> Tensor:
        counts = torch.bincount(codes.flatten(), minlength=self.network.vq.num_codes)
        shares = counts / codes.numel()
        exponential: Tensor = torch.special.entr(shares).sum().exp()
        return exponential


def build_network(model: PuzzleNetwork | AlignedNetwork) -> GridAutoencoder:
    """The networks of a recipe's model table, initialized from torch's generator."""
    make = puzzle_network if isinstance(model, PuzzleNetwork) else aligned_network
    return make(model.latent_dim, _build_quantizer(model.quantizer, model.latent_dim))


def _build_quantizer(table: QuantizerTable, dim: int) -> Quantizer:
    if isinstance(table, GradientCodes):
        return GradientCodebook(dim, table.num_codes)
    if isinstance(table, EmaCodes):
        return EmaCodebook(dim, table.num_codes, table.code_dim, table.decay, table.revive_below)
    return OrderedLevels(dim, table.num_codes)
