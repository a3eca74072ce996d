"""The audio puzzle VQ-VAE as the loop sees it."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from engine.corpus import Corpus
from engine.errors import UserError
from engine.evaluation.digests import keys
from engine.files.checksum import digest_of
from engine.project import Project
from engine.recipe.params import Params
from engine.split import Split, choose_clips
from engine.systems.audio_samples import spread_over
from engine.systems.dataset_summary import summary_of
from engine.systems.vqvae.baselines import UNIFORM_GRID, baselines
from engine.systems.vqvae.data.dataset import FRONT_END_VERSION, all_clips, corpus_mels
from engine.systems.vqvae.data.frontend import FrontEnd
from engine.systems.vqvae.evaluate import Evaluation, evaluate_clips, metrics_of
from engine.systems.vqvae.files.export import Export
from engine.systems.vqvae.files.weights import import_weights
from engine.systems.vqvae.metric_units import metric_units
from engine.systems.vqvae.recipe import VqvaeRecipe
from engine.systems.vqvae.samples import SampleWriter
from engine.systems.vqvae.training_module import VqvaeTrainingModule
from engine.training.system import DatasetSummary, Evaluated, PreflightBounds, Sample, Turn

_TURN = "autoencoder"


def build(recipe: VqvaeRecipe, project: Project, params: Params) -> "VqvaeSystem":
    """Open the recipe's corpus, split it and initialise the networks from torch's generator.

    Raises UserError where the corpus is missing, not packed at the recipe's rate, or too small.
    """
    dataset = recipe.dataset
    corpus = Corpus.open(project.corpus(dataset.corpus))
    corpus.packed(dataset.sample_rate_hz)
    split = choose_clips(recipe, project, corpus.manifest.clips, params.seed)
    if len(split.train) < recipe.training.batch_size:
        raise UserError(
            f"Corpus {dataset.corpus!r} has {len(split.train)} training clips, fewer than a batch "
            f"of {recipe.training.batch_size}. Add clips or lower training.batch_size."
        )
    return VqvaeSystem(recipe, corpus, split, project.features)


class VqvaeSystem:
    """A recipe with its data and networks; `features` is where mel spectrograms are kept."""

    preflight = PreflightBounds(
        (1e-5, 1e-1), conditioning=("mel_db",), overfits=("reconstruction",)
    )

    def __init__(self, recipe: VqvaeRecipe, corpus: Corpus, split: Split, features: Path) -> None:
        self.recipe, self.corpus, self.split = recipe, corpus, split
        self.front_end = FrontEnd.of(recipe.dataset)
        self.packed = corpus.packed(recipe.dataset.sample_rate_hz)
        mels = corpus_mels(corpus, self.front_end, features)
        self.all_clips = all_clips(corpus, mels, self.front_end.num_samples)
        self.train_clips = self.all_clips.only(split.train)
        self.eval_clips = self.all_clips.only(split.evaluation)
        self.module = VqvaeTrainingModule(recipe.model)
        self.metric_units = metric_units(recipe)

    @cached_property
    def turns(self) -> Sequence[Turn]:
        """One: the autoencoder, all of whose parameters are trained."""
        return (Turn(_TURN, dict(self.module.named_parameters()), self.recipe.loss_weights),)

    @property
    def data_digest(self) -> str:
        """Digest of the corpus at the recipe's rate."""
        return self.corpus.digest_at(self.recipe.dataset.sample_rate_hz)

    @cached_property
    def evaluation_set(self) -> str:
        """Digest of the evaluation clips' content, of where each is cut, and of the mel.

        Two rules for cutting that cut these clips alike give the same digest, whatever the clips
        are called.
        """
        rows = self.eval_clips.rows.tolist()
        clips = sorted(
            (digest.hex(), self.front_end.start(self.packed.read(row)))
            for digest, row in zip(keys(self.eval_clips.digests), rows, strict=True)
        )
        facts = {k: v for k, v in self.front_end.facts.items() if k != "window"}
        content = [clips, sorted(facts.items()), FRONT_END_VERSION]
        return digest_of(content)

    @property
    def dataset_summary(self) -> DatasetSummary:
        """What the run sees of its corpus."""
        return summary_of(self.corpus, self.split)

    def evaluate(self) -> Evaluated:
        """Metrics of the present weights over the whole evaluation set."""
        evaluation = self._pass()
        return Evaluated(self._metrics(evaluation), evaluation.errors.per_clip)

    def baselines(self) -> Evaluated:
        """Metrics of the coders that learn nothing."""
        return self._baselines

    def samples(self, folder: Path, num_clips: int) -> Sequence[Sample]:
        """Original, its mel inverse and reconstruction as audio, and a picture, for some clips."""
        clips = self.corpus.manifest.clips
        labels = [clips[row].label or "clip" for row in self.split.evaluation.tolist()]
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
        """Take over a published state dict; its front end's buffers are not read."""
        import_weights(self.module.network, path)
        return f"the published weights of {path.name}: every tensor of the network"

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
