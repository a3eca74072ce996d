"""The recordings of a recipe: its clips cut into slices, split, with pitch and content."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import torch
from attrs import frozen

from engine.errors import RefusedValuesError
from engine.features.cache import Features
from engine.project import Project
from engine.recipe.params import Params
from engine.system_support.corpus_system import SplitCorpus, open_corpus, split_corpus
from engine.system_support.left_out import LeftOut, notes_of
from engine.system_support.lower_rates import recorded_lower, upsampled_warnings
from engine.systems.rvc.data.assemble import assemble, slices_at
from engine.systems.rvc.data.cached_features import CachedFeatures
from engine.systems.rvc.data.clips import VoiceClips, VoiceSlices
from engine.systems.rvc.data.eligible import eligible_places, notes_of_parts
from engine.systems.rvc.data.left_out import Reason
from engine.systems.rvc.data.methods import Methods, open_methods
from engine.systems.rvc.data.sliced_clips import SlicedClips
from engine.systems.rvc.data.slices import Slicing
from engine.systems.rvc.data.sources import Sources, load_sources
from engine.systems.rvc.data.split_voices import cut_it, learnable, only_chosen
from engine.systems.rvc.data.voices import Voices, find_voices, without_lower
from engine.systems.rvc.recipe import RvcRecipe


@frozen(kw_only=True, eq=False, slots=False)
class Recordings:
    """The clips that a recipe trains on and evaluates on, with their slices and features."""

    data: SplitCorpus
    """`rows` are those of the two sets alone."""
    clips: VoiceClips
    """The clips of both sets, in the order of `data.rows`."""
    sources: Sources
    """Clips of other speakers, which are converted."""
    voices: Voices
    methods: Methods
    silence: np.ndarray
    """Content features [frames, dim] of silence."""
    num_mute_clips: int
    """Number of slices of silence of each speaker in training."""
    unchosen: np.ndarray
    """Rows of the manifest that could be used, and are in neither set."""
    left_out: Sequence[LeftOut[Reason]]
    """By row."""
    sliced: SlicedClips
    """Parts of all clips of the voices that are left out."""
    notes: Sequence[str]
    """Sentences for the report."""
    warnings: Sequence[str]
    """The notes that are also warnings."""

    @cached_property
    def spoken(self) -> VoiceSlices:
        """The slices of the training clips."""
        return self.clips.only(self.data.split.train).slices

    @cached_property
    def training(self) -> VoiceSlices:
        """The slices that are trained on: those of the training clips, and of silence."""
        return self.spoken.with_silence(self.num_mute_clips, self.silence)

    @cached_property
    def evaluation(self) -> VoiceClips:
        """The clips that are held out, whole."""
        return self.clips.only(self.data.split.evaluation)

    @property
    def speaker_names(self) -> tuple[str, ...]:
        """By the speakers' numbers; one empty name where the corpus names none."""
        return self.voices.names


def load_recordings(
    recipe: RvcRecipe,
    project: Project,
    params: Params,
    features: Features,
    device: torch.device,
) -> Recordings:
    """Cut, measure and split the clips of a recipe's corpus.

    Features that are cached in `features` are not computed again. Raises UserError where the corpus
    is not packed at the recipe's sample rate, a package or published files are missing, no clip can
    be used, or there are fewer training slices than a batch has.
    """
    dataset = recipe.dataset
    made = CachedFeatures(
        corpus=open_corpus(recipe, project),
        cache=features,
        methods=open_methods(recipe, project, device),
        slicing=Slicing.of(dataset),
        work=params.work,
    )
    found = split_usable(recipe, project, params.seed, made)
    voices, sliced, notes, usable = found.voices, found.sliced, found.notes, found.usable
    data, places = only_chosen(found.data)
    speakers = found.speakers[places]
    chosen = assemble(made, data, slices_at(sliced, usable[places]), speakers, dataset)
    sources = load_sources(recipe, made, data, voices)
    recordings = Recordings(
        data=data,
        clips=chosen,
        sources=sources,
        voices=voices,
        methods=made.methods,
        silence=made.mute(),
        num_mute_clips=dataset.num_mute_clips,
        unchosen=np.delete(found.data.rows, places),
        left_out=found.left_out,
        sliced=sliced,
        warnings=found.warnings,
        notes=[*notes, *found.said, *notes_of_parts(sliced, usable), *sources.notes],
    )
    _require_batch(len(recordings.training), recipe, notes)
    return recordings


@frozen(kw_only=True, eq=False)
class SplitUsable:
    """The clips of a corpus that a recipe may use, split."""

    data: SplitCorpus
    voices: Voices
    sliced: SlicedClips
    """Slices of all clips of the voices."""
    usable: np.ndarray
    """Places of the clips at `data.rows` among those of the voices."""
    speakers: np.ndarray
    """Numbers of the speakers of the clips at `data.rows`."""
    left_out: Sequence[LeftOut[Reason]]
    """By row."""
    notes: Sequence[str]
    """Sentences on the methods, and on clips that are left out."""
    warnings: Sequence[str]
    """The notes that are also warnings."""
    said: Sequence[str]
    """Sentences on the split."""


def split_usable(
    recipe: RvcRecipe, project: Project, seed: int, made: CachedFeatures
) -> SplitUsable:
    """Cut the clips of the voices, and split the usable ones.

    Raises UserError as `load_recordings` does.
    """
    clips = made.corpus.manifest.clips
    dataset = recipe.dataset
    lower = recorded_lower(clips, dataset.corpus, dataset.sample_rate_hz, dataset.upsampling)
    voices = find_voices(clips, dataset.speakers, recipe.model.speaker_rows)
    if dataset.upsampling == "leave_out":
        voices = without_lower(voices, clips, lower)
    rows = np.array(voices.rows, np.int64)
    sliced = made.sliced(rows)
    usable, left_out = eligible_places(made.corpus, voices, sliced, made.methods.pitch is not None)
    rows, speakers = rows[usable], np.array(voices.speakers, np.int64)[usable]
    warnings = upsampled_warnings(clips, rows, dataset.sample_rate_hz)
    notes = [*made.methods.notes, *warnings, *notes_of(left_out)]
    _require(len(rows), len(clips), recipe, notes)
    data = split_corpus(recipe, project, made.corpus, seed, rows, notes, min_train_clips=1)
    data, said = learnable(data, speakers, voices.names, recipe)
    return SplitUsable(
        data=data,
        voices=voices,
        sliced=sliced,
        usable=usable,
        speakers=speakers,
        left_out=left_out,
        notes=notes,
        warnings=[*made.methods.notes, *warnings],
        said=said,
    )


def _require(num_usable: int, num_clips: int, recipe: RvcRecipe, notes: Sequence[str]) -> None:
    name = recipe.dataset.corpus
    if not num_usable:
        raise RefusedValuesError(
            f"None of the {num_clips} clips of corpus {name!r} can be used. {' '.join(notes)} "
            "Change the dataset table, or the corpus."
        )
    if num_usable == 1:
        raise RefusedValuesError(
            f"Corpus {name!r} has only one usable clip: no clip is left to hold out for "
            f"evaluation. {' '.join(notes)} {cut_it(name)}"
        )


def _require_batch(num_slices: int, recipe: RvcRecipe, notes: Sequence[str]) -> None:
    batch = recipe.training.batch_size
    if num_slices < batch:
        raise RefusedValuesError(
            f"Corpus {recipe.dataset.corpus!r} has {num_slices} training slices, fewer than a "
            f"batch of {batch}. {' '.join(notes)} Add clips or lower training.batch_size."
        )
