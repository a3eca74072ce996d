"""What systems that learn from clips of one corpus share: its split, its digests, its counts."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Generic, Literal, TypeVar

import numpy as np
from attrs import fields, frozen

from engine.corpus import Corpus
from engine.corpus.table.rows import Rows
from engine.errors import RefusedValuesError, UserError
from engine.evaluation.digests import keys
from engine.evaluation.unit import Unit
from engine.files.checksum import digest_of
from engine.project import Project
from engine.recipe import to_plain
from engine.recipe.dataset import CorpusClips
from engine.recipe.schema import Recipe
from engine.split import Split, choose_clips
from engine.system_support.corpus_clips import CorpusClipSet
from engine.training.system import DatasetSummary, Evaluated, Recorded, Sample, TrainingAudio

R = TypeVar("R", bound=Recipe)
C = TypeVar("C", bound=CorpusClipSet)


@frozen(eq=False)
class SplitCorpus:
    """A corpus, and which of its clips a recipe learns from and is evaluated on."""

    corpus: Corpus
    rows: np.ndarray
    """Ascending rows of the manifest that the recipe may use."""
    split: Split
    """By places among `rows`."""
    num_usable: int
    """Clips that the recipe may use, of which the split may leave some out."""


_MOST_COPIES = 0.05
"""Share of files, or of evaluation clips, that may be there twice without a warning."""


def open_corpus(recipe: Recipe, project: Project) -> Corpus:
    """The ingested corpus that the recipe names. Raises UserError where there is none."""
    return Corpus.open(project.corpus(recipe.dataset.corpus))


def split_corpus(
    recipe: Recipe,
    project: Project,
    corpus: Corpus,
    seed: int,
    rows: np.ndarray | None = None,
    notes: Sequence[str] = (),
    min_train_clips: int | None = None,
) -> SplitCorpus:
    """Split the corpus, or those `rows` of its manifest that the recipe may use.

    `notes` say why the others may not be used. Raises UserError where a set would be empty, or
    where there are fewer training clips than `min_train_clips`, by default those of a batch.
    """
    clips = corpus.manifest.clips
    assert isinstance(clips, Rows), "an ingested corpus has its manifest on disk"
    rows = np.arange(len(clips)) if rows is None else rows
    try:
        fingerprints = corpus.fingerprints(rows)
        split = choose_clips(recipe, project, clips.only(rows), seed, fingerprints)
    except UserError as error:
        kind = RefusedValuesError if isinstance(error, RefusedValuesError) else UserError
        raise kind(" ".join([str(error), *notes])) from error
    least = recipe.training.batch_size if min_train_clips is None else min_train_clips
    if len(split.train) < least:
        why = "".join(f" {note}" for note in notes)
        raise RefusedValuesError(
            f"Corpus {recipe.dataset.corpus!r} has {len(split.train)} training clips, fewer than a "
            f"batch of {recipe.training.batch_size}.{why} Add clips or lower training.batch_size."
        )
    return SplitCorpus(corpus, rows, split, len(rows))


class CorpusSystem(Generic[R, C]):
    """Half of a `System`: all that follows from the corpus, and the parts that are optional.

    `clips` are those that the recipe may use, in the order of `data.rows`. A subclass has `module`,
    `turns`, `preflight` and `evaluate`.
    """

    measures_version: ClassVar[int] = 1
    """Number that is raised when a change of the code gives the same clips other figures."""

    def __init__(self, recipe: R, data: SplitCorpus, clips: C) -> None:
        self.recipe, self.data = recipe, data
        self.corpus, self.split = data.corpus, data.split
        self.train_clips = clips.only(data.split.train)
        self.eval_clips = clips.only(data.split.evaluation)

    @property
    def data_digest(self) -> str:
        """Digest of the corpus at the recipe's sample rate."""
        return self.corpus.digest_at(self.recipe.dataset.sample_rate_hz)

    @cached_property
    def evaluation_set(self) -> str:
        """Digest of the evaluation clips' content and of the dataset table's own settings.

        A system whose settings do not all change how evaluation clips are cut names those that do.
        """
        shared = {one.name for one in fields(CorpusClips)}
        table = to_plain(self.recipe)["dataset"]
        own = {name: value for name, value in table.items() if name not in shared}
        return digest_of([self.evaluation_content, own])

    @property
    def evaluation_content(self) -> list[str]:
        """Sorted digests of the evaluation clips' audio, whatever the clips are called."""
        return sorted(digest.hex() for digest in keys(self.eval_clips.digests))

    @property
    def sample_rate_hz(self) -> int:
        """Rate of the audio that the recipe reads."""
        rate: int = self.recipe.dataset.sample_rate_hz
        return rate

    @cached_property
    def resampler(self) -> str:
        """What brought evaluation clips to that rate; empty where all were recorded at it."""
        clips, rows = self.corpus.manifest.clips, self.data.rows[self.split.evaluation]
        recorded = {clips[row].sample_rate_hz for row in rows.tolist()}
        return self.corpus.resampler if recorded - {self.sample_rate_hz} else ""

    @property
    def metric_units(self) -> Mapping[str, Unit]:
        """The unit of each metric of the evaluation, as Cantus's own code measures it.

        A system replaces those of metrics that depend on more than definition and audio.
        """
        named = (metric.partition("/") for metric in self.recipe.metrics)
        return {name: self._unit(name) for group, _, name in named if group == "eval"}

    def _unit(self, name: str) -> Unit:
        return Unit(
            definition=f"{self.recipe.system}/{name} {self.measures_version}",
            resampler=self.resampler,
            sample_rate_hz=self.sample_rate_hz,
        )

    @property
    def notes(self) -> Sequence[str]:
        """Sentences on what was padded, left out or resampled, for the report."""
        return ()

    @property
    def warnings(self) -> Sequence[str]:
        """Sentences on what stands in for what the recipe names, said aloud before step 1."""
        return ()

    def training_audio(self, sample_rate_hz: int) -> TrainingAudio:
        """The audio of training clips, as it is packed at a rate."""
        packed, rows = self.corpus.packed(sample_rate_hz), self.train_clips.rows
        clips, nothing = self.corpus.manifest.clips, np.zeros(0, np.int16)

        def samples(place: int) -> np.ndarray:
            return packed.read(int(rows[place])) if rows[place] >= 0 else nothing

        def recorded(place: int) -> Recorded | None:
            if rows[place] < 0:
                return None
            clip = clips[int(rows[place])]
            return Recorded(clip.id, clip.speaker or "", clip.sample_rate_hz, clip.text or "")

        return TrainingAudio(samples, sample_rate_hz, recorded, len(rows))

    @property
    def dataset_summary(self) -> DatasetSummary:
        """Files found and quarantined, clips learned from and held out, and `notes` on them."""
        report = self.corpus.report
        return DatasetSummary(
            found=report.num_found,
            used=self.data.num_usable,
            quarantined=dict(report.quarantined),
            training=len(self.split.train),
            evaluation=len(self.split.evaluation),
            notes=(*self.notes, *self._licence_notes),
            warnings=(*self.warnings, *self._corpus_warnings),
            split=self.split.how,
            leaks=self.split.leaks,
        )

    @property
    def _corpus_warnings(self) -> Iterator[str]:
        """Many files that are there twice: with the same samples, or as the same recording."""
        name, report = self.recipe.dataset.corpus, self.corpus.report
        same = report.quarantined.get("duplicate of", 0)
        if same > _MOST_COPIES * report.num_found:
            yield (
                f"{same} of the {report.num_found} files of corpus {name!r} are copies of another "
                "file, sample by sample, and are left out: one recording stands for many. Look "
                f"whether they were written by mistake: cantus ingest {name} lists them"
            )
        copied, total = self.split.copied, len(self.split.evaluation)
        if copied > _MOST_COPIES * total:
            yield (
                f"{copied} of the {total} evaluation clips are in corpus {name!r} again, as copies "
                "of another level or encoding, which are not trained on. Their speakers and "
                "transcripts may be wrong, and training clips may have copies too: "
                f"cantus ingest {name} lists the clips that sound alike"
            )

    @property
    def _licence_notes(self) -> Sequence[str]:
        """What who passes on this model's samples has to say of the corpus."""
        licence = self.corpus.report.licence
        return (f"Licence of corpus {self.recipe.dataset.corpus}: {licence}",) if licence else ()

    def evaluation_labels(self, *columns: Literal["speaker", "label"]) -> list[str]:
        """What the first of these columns with a value says of each evaluation clip, or 'clip'."""
        clips = self.corpus.manifest.clips
        rows = self.data.rows[self.split.evaluation].tolist()
        found = ([getattr(clips[row], column) for column in columns] for row in rows)
        return [next(filter(None, values), "clip") for values in found]

    def baselines(self) -> Evaluated:
        """No baseline: the untrained networks are all that figures are compared with."""
        return Evaluated({})

    def samples(self, folder: Path, num_clips: int) -> Sequence[Sample]:  # noqa: ARG002
        """No samples."""
        return ()

    def export(self, folder: Path) -> None:
        """Write nothing: the trained weights are those of the checkpoints."""

    def load_published(self, path: Path) -> str:
        """Raise UserError: no published weights are known."""
        raise RefusedValuesError(
            f"start.weights names {path}, but the system '{self.recipe.system}' reads no published "
            "weights. Leave start.weights out, or add load_published to its system.py."
        )
