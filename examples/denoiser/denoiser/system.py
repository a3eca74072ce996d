"""A denoiser as the training loop sees it."""

from collections.abc import Sequence

import numpy as np
import torch
from attrs import frozen
from torch import nn

from denoiser.recipe import DenoiserRecipe
from engine.corpus import PackedAudio
from engine.project import Project
from engine.recipe.params import Params
from engine.system_support.corpus_clips import CorpusClipSet
from engine.system_support.corpus_system import CorpusSystem, SplitCorpus, open_corpus, split_corpus
from engine.training.system import Batch, Evaluated, PreflightBounds, Terms, TrainingModule, Turn


@frozen(kw_only=True, eq=False)
class NoisyClips(CorpusClipSet):
    """A batch holds `clean` and `noisy`, float32 [clips, 1, samples]."""

    packed: PackedAudio
    num_samples: int
    noise: float

    @property
    def lengths(self) -> np.ndarray:
        """Samples that a batch holds of each clip."""
        return np.full(len(self), self.num_samples)

    def batch(self, indices: Sequence[int], random: np.random.Generator) -> Batch:
        """The beginnings of some clips; the noise is drawn from `random`."""
        clean = np.zeros((len(indices), 1, self.num_samples), np.float32)
        for row, index in zip(clean, indices, strict=True):
            samples = self.packed.read(int(self.rows[index]), 0, self.num_samples)
            row[0, : len(samples)] = samples / 32768
        noise = random.normal(0.0, self.noise, clean.shape).astype(np.float32)
        return {"clean": torch.from_numpy(clean), "noisy": torch.from_numpy(clean + noise)}


class Denoiser(TrainingModule):
    """The network, and a method for each turn."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        first, last = nn.Conv1d(1, channels, 31, padding=15), nn.Conv1d(channels, 1, 31, padding=15)
        self.network = nn.Sequential(first, nn.Tanh(), last)

    def denoiser(self, batch: Batch) -> Terms:
        """The turn of this name: its loss terms, unweighted."""
        denoised = batch["noisy"] - self.network(batch["noisy"])
        return Terms({"mse": (denoised - batch["clean"]).square().mean()})


class DenoiserSystem(CorpusSystem[DenoiserRecipe, NoisyClips]):
    """A recipe with its data and network. What is not here, `CorpusSystem` has."""

    preflight = PreflightBounds((1e-6, 1e-1), conditioning=("noisy",), overfits=("mse",))

    def __init__(self, recipe: DenoiserRecipe, data: SplitCorpus, clips: NoisyClips) -> None:
        super().__init__(recipe, data, clips)
        self.module = Denoiser(recipe.model.channels)
        parameters = dict(self.module.named_parameters())
        self.turns = (Turn("denoiser", parameters, {"mse": recipe.losses.mse}),)

    @torch.no_grad()
    def evaluate(self) -> Evaluated:
        """The error of every evaluation clip, with the same noise each time."""
        random, device = np.random.default_rng(0), next(self.module.parameters()).device
        errors = []
        for index in range(len(self.eval_clips)):
            batch = self.eval_clips.batch([index], random)
            moved = {name: tensor.to(device) for name, tensor in batch.items()}
            errors.append(float(self.module.denoiser(moved).losses["mse"]))
        return Evaluated({"eval/mse": float(np.mean(errors))}, {"mse": np.array(errors)})


def build(recipe: DenoiserRecipe, project: Project, params: Params) -> DenoiserSystem:
    """Open the recipe's corpus, split it and initialize the network from torch's generator."""
    corpus, table = open_corpus(recipe, project), recipe.dataset
    data = split_corpus(recipe, project, corpus, params.seed)
    packed, length = corpus.packed(table.sample_rate_hz), table.clip_seconds * table.sample_rate_hz
    more = {"packed": packed, "num_samples": round(length), "noise": table.noise}
    return DenoiserSystem(recipe, data, NoisyClips.of_corpus(corpus, **more))
