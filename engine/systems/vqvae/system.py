"""The audio puzzle VQ-VAE as the loop sees it."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from attrs import evolve

from engine.evaluation.digests import keys
from engine.evaluation.unit import Plain, Unit
from engine.files.checksum import digest_of
from engine.project import Project
from engine.recipe.params import Params
from engine.system_support.audio_samples import spread_over
from engine.system_support.corpus_system import CorpusSystem, SplitCorpus, open_corpus, split_corpus
from engine.systems.vqvae.baselines import UNIFORM_GRID, baselines
from engine.systems.vqvae.data.dataset import (
    FRONT_END_VERSION,
    VqvaeClips,
    all_clips,
    corpus_mels,
)
from engine.systems.vqvae.data.frontend import FrontEnd
from engine.systems.vqvae.evaluate import (
    Evaluation,
    evaluate_clips,
    known_answers,
    metrics_of,
)
from engine.systems.vqvae.files.export import Export
from engine.systems.vqvae.files.weights import import_weights
from engine.systems.vqvae.metric_units import unit_parameters
from engine.systems.vqvae.recipe import VqvaeRecipe
from engine.systems.vqvae.samples import SampleWriter
from engine.systems.vqvae.training_module import VqvaeTrainingModule
from engine.training.system import Again, Batch, Evaluated, PreflightBounds, Sample, Turn

_TURN = "autoencoder"
_SAME_DB = 0.1
"""Decibels that half precision errs by, and more."""


def build(recipe: VqvaeRecipe, project: Project, params: Params) -> "VqvaeSystem":
    """Open the recipe's corpus, split it and initialize the networks from torch's generator.

    Raises UserError where the corpus is missing, not packed at the recipe's rate, or too small.
    """
    corpus = open_corpus(recipe, project)
    corpus.packed(recipe.dataset.sample_rate_hz)
    data = split_corpus(recipe, project, corpus, params.seed)
    return VqvaeSystem(recipe, data, project.features)


class VqvaeSystem(CorpusSystem[VqvaeRecipe, VqvaeClips]):
    """A recipe with its data and networks; `features` is where mel spectrograms are kept."""

    def __init__(self, recipe: VqvaeRecipe, data: SplitCorpus, features: Path) -> None:
        self.front_end = FrontEnd.of(recipe.dataset)
        self.packed = data.corpus.packed(recipe.dataset.sample_rate_hz)
        mels = corpus_mels(data.corpus, self.front_end, features)
        self.all_clips = all_clips(data.corpus, mels, self.front_end.num_samples)
        super().__init__(recipe, data, self.all_clips)
        self.module = VqvaeTrainingModule(recipe.model)

    @cached_property
    def preflight(self) -> PreflightBounds:
        """Preflight's bounds: a spectrogram must have an effect, and be learned."""
        return PreflightBounds(
            (1e-5, 1e-1),
            conditioning=("mel_db",),
            overfits=("reconstruction",),
            answers=known_answers(self.module, self.eval_clips),
            audio=self.training_audio(self.front_end.sample_rate_hz),
            paths={"mel_db": "reconstruction"},
            made_again=self._made_again,
        )

    @property
    def metric_units(self) -> Mapping[str, Unit]:
        """The unit of each metric, with the mel and the settings of the recipe that it depends on.

        The counts of codes depend on the mel alone.
        """
        facts = {**self.front_end.facts, "front end": FRONT_END_VERSION}
        mel: dict[str, Plain] = {f"mel.{key}": str(value) for key, value in facts.items()}
        own = unit_parameters(self.recipe)
        return {
            name: evolve(unit, parameters={**mel, **own.get(name, {})})
            for name, unit in super().metric_units.items()
        }

    @cached_property
    def turns(self) -> Sequence[Turn]:
        """One turn: the autoencoder, all of whose parameters are trained."""
        return (Turn(_TURN, dict(self.module.named_parameters()), self.recipe.loss_weights),)

    @cached_property
    def evaluation_set(self) -> str:
        """Digest of the evaluation clips' content, of where each is cut, and of the mel.

        Two settings that cut these clips alike give the same digest, whatever the clips are called.
        """
        rows = self.eval_clips.rows.tolist()
        clips = sorted(
            (digest.hex(), self.front_end.start(self.packed.read(row)))
            for digest, row in zip(keys(self.eval_clips.digests), rows, strict=True)
        )
        facts = {k: v for k, v in self.front_end.facts.items() if k != "window"}
        content = [clips, sorted(facts.items()), FRONT_END_VERSION]
        return digest_of(content)

    def evaluate(self) -> Evaluated:
        """The metrics of the current weights over the whole evaluation set."""
        evaluation = self._pass()
        return Evaluated(self._metrics(evaluation), evaluation.errors.per_clip)

    def baselines(self) -> Evaluated:
        """The metrics of the untrained coders."""
        return self._baselines

    def samples(self, folder: Path, num_clips: int) -> Sequence[Sample]:
        """Write audio (original, inverted mel, reconstruction) and a picture of some clips."""
        labels = self.evaluation_labels("label")
        writer = SampleWriter(self.module, self.front_end, self.packed, self.eval_clips)
        return writer.write(folder, spread_over(labels, num_clips), labels)

    def export(self, folder: Path) -> None:
        """Write weights.pth, codes.npy, index.csv and puzzle.json."""
        evaluation = self._pass()
        export = Export(
            recipe=self.recipe,
            corpus=self.corpus,
            split=self.split,
            front_end=self.front_end,
            clips=self.all_clips,
        )
        facts = {"evaluation_set": self.evaluation_set, "metrics": self._metrics(evaluation)}
        export.write(folder, self.module.network, evaluation, facts)

    def load_published(self, path: Path) -> str:
        """Load a published state dict; its front end's buffers are not read."""
        import_weights(self.module.network, path)
        return f"the published weights of {path.name}: every tensor of the network"

    def _made_again(self, places: Sequence[int], batch: Batch) -> dict[str, list[Again]]:
        rows = self.train_clips.rows[list(places)].tolist()
        cut = np.stack([self.front_end.cut(self.packed.read(row)) for row in rows])
        made = self.front_end.mel_db(torch.from_numpy(cut))
        return {
            name: [Again(*pair, _SAME_DB, axis=-1) for pair in zip(batch[name], made, strict=True)]
            for name in ("mel_db", "target_db")
        }

    def _pass(self) -> Evaluation:
        return evaluate_clips(self.module, self.eval_clips, self.recipe.training.batch_size)

    def _metrics(self, evaluation: Evaluation) -> dict[str, float]:
        grid_rmse_db = self._baselines.metrics[UNIFORM_GRID]
        return metrics_of(evaluation, self.recipe.loss_weights, grid_rmse_db)

    @cached_property
    def _baselines(self) -> Evaluated:
        model = self.recipe.model
        return baselines(
            self.train_clips,
            self.eval_clips,
            model.normalisation,
            model.quantizer.num_codes,
            self.recipe.training.batch_size,
        )
