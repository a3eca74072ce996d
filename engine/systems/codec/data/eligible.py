"""Which clips of a corpus fit a recipe, and what the run reports of the others."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from engine.corpus import Corpus
from engine.corpus.table.manifest import Clip
from engine.errors import RefusedValuesError
from engine.metrics.signal import SILENCE_DBFS
from engine.project import Project
from engine.recipe.params import Params
from engine.system_support.corpus_system import SplitCorpus, split_corpus
from engine.system_support.lower_rates import lower_rate_notes, recorded_lower
from engine.systems.codec.data.dataset import CodecClips
from engine.systems.codec.recipe import CodecRecipe, Dataset


class Eligible(NamedTuple):
    """Clips that a recipe may use."""

    rows: np.ndarray
    """Ascending rows of the manifest."""
    num_lower: int
    """Clips recorded at a lower sample rate: upsampled or left out, by `dataset.upsampling`."""
    num_silent: int = 0
    """Clips too quiet to be measured, which are left out."""


def eligible_rows(clips: Sequence[Clip], dataset: Dataset) -> Eligible:
    """The rows of a corpus's clips that a recipe may use: audible, and by `dataset.upsampling`.

    Raises UserError where clips were recorded at a lower rate than the recipe's and it does not
    say how to treat them.
    """
    low = recorded_lower(clips, dataset.corpus, dataset.sample_rate_hz, dataset.upsampling)
    fits = ~low if dataset.upsampling == "leave_out" else np.ones_like(low)
    silent = np.array([clip.rms_dbfs < SILENCE_DBFS for clip in clips], bool) & fits
    return Eligible(np.flatnonzero(fits & ~silent), int(low.sum()), int(silent.sum()))


def split_eligible(
    recipe: CodecRecipe, project: Project, params: Params, corpus: Corpus
) -> tuple[Eligible, SplitCorpus]:
    """The clips that a recipe may use, split. Raises UserError as the functions below do."""
    require_channels(corpus, recipe.dataset)
    eligible = eligible_rows(corpus.manifest.clips, recipe.dataset)
    return eligible, split_corpus(recipe, project, corpus, params.seed, eligible.rows)


def require_channels(corpus: Corpus, dataset: Dataset) -> None:
    """Raise UserError where the corpus was ingested with another setting for channels."""
    made = corpus.settings.get("channels", "mix")
    if made != dataset.channels:
        name = dataset.corpus
        raise RefusedValuesError(
            f"The recipe has dataset.channels = {dataset.channels!r}, and corpus {name!r} was "
            f"ingested with {made!r}. Set corpora.{name}.channels = {dataset.channels!r} in "
            f"params.toml and run 'cantus ingest {name}', or change dataset.channels."
        )


def notes(training: CodecClips, eligible: Eligible) -> list[str]:
    """Sentences about clips that were padded, upsampled or left out to fit the recipe."""
    dataset, said = training.dataset, []
    if training.num_shorter:
        said.append(
            f"{training.num_shorter} of {len(training)} training clips are shorter than "
            f"{dataset.segment_seconds:g} s and are padded with silence."
        )
    said += lower_rate_notes(eligible.num_lower, dataset.sample_rate_hz, dataset.upsampling)
    if eligible.num_silent:
        said.append(
            f"Clips silent as a whole (below {SILENCE_DBFS:g} dBFS, RMS) and therefore left out: "
            f"{eligible.num_silent}."
        )
    return said
