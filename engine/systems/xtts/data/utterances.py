"""The utterances of a recipe: its clips as text tokens and audio codes, split."""

from attrs import frozen

from engine.project import Project
from engine.system_support.corpus_system import SplitCorpus, split_corpus
from engine.systems.xtts.data.assets import (
    Vocabulary,
    XttsAssets,
    published_assets,
    published_vocabulary,
    scratch_assets,
)
from engine.systems.xtts.data.cached_features import CachedFeatures
from engine.systems.xtts.data.dataset import XttsClips
from engine.systems.xtts.data.eligible import Eligible
from engine.systems.xtts.recipe import SAMPLE_RATE_HZ, Published

_FITTED_CLIPS = 200
"""Training clips that audio codes are fitted to, where none were published: enough for 1,024."""


@frozen(eq=False)
class Utterances:
    """The clips that a recipe may use, with their features."""

    data: SplitCorpus
    eligible: Eligible
    clips: XttsClips
    """All usable clips, including those that the split leaves out."""
    assets: XttsAssets

    @property
    def training(self) -> XttsClips:
        """The clips that are trained on."""
        return self.clips.only(self.data.split.train)

    @property
    def evaluation(self) -> XttsClips:
        """The clips that are held out."""
        return self.clips.only(self.data.split.evaluation)


def load_vocabulary(project: Project, made: CachedFeatures) -> Vocabulary:
    """The vocabulary: as published, extended by a language, or made of the corpus.

    Raises UserError where a published file is missing, or no vocabulary can be made.
    """
    model = made.recipe.model
    if not isinstance(model, Published):
        return made.vocabulary(None)
    published = published_vocabulary(model, project)
    return published if model.new_language is None else made.vocabulary(published)


def load_utterances(
    project: Project, made: CachedFeatures, vocabulary: Vocabulary, seed: int
) -> Utterances:
    """Tokenize, split and encode the clips of a corpus.

    Raises UserError where a published file is missing or does not fit, or no clip, or fewer
    training clips than a batch has, can be used.
    """
    eligible, data = split_eligible(project, made, vocabulary, seed)
    assets = load_assets(project, made, vocabulary, data)
    clips = encode_clips(made, eligible, assets)
    return Utterances(data, eligible, clips, assets)


def split_eligible(
    project: Project, made: CachedFeatures, vocabulary: Vocabulary, seed: int
) -> tuple[Eligible, SplitCorpus]:
    """The usable clips as text tokens, and their split. Raises UserError as `load_utterances`."""
    eligible = made.eligible(vocabulary.tokenizer)
    rows, notes = eligible.rows, eligible.notes
    return eligible, split_corpus(made.recipe, project, made.corpus, seed, rows, notes)


def load_assets(
    project: Project, made: CachedFeatures, vocabulary: Vocabulary, data: SplitCorpus
) -> XttsAssets:
    """The GPT's assets: published files, or codes fitted to training clips."""
    model = made.recipe.model
    if isinstance(model, Published):
        return published_assets(model, vocabulary, project)
    rows = data.rows[data.split.train][:_FITTED_CLIPS]
    return scratch_assets(model, vocabulary, made.fitted_audio_codes(model.num_codes, rows))


def encode_clips(made: CachedFeatures, eligible: Eligible, assets: XttsAssets) -> XttsClips:
    """Every clip that may be used, as text tokens and audio codes."""
    clips = made.corpus.manifest.clips
    speakers = tuple(clips[row].speaker or "" for row in eligible.rows.tolist())
    return XttsClips.of_corpus(
        made.corpus,
        eligible.rows,
        tokens=tuple(eligible.tokens),
        codes=made.codes(assets, eligible.rows),
        speakers=speakers,
        packed=made.corpus.packed(SAMPLE_RATE_HZ),
        dataset=made.recipe.dataset,
    )
