"""The utterances of a recipe: its clips as text tokens and codes, split, each with references."""

from functools import cached_property

import numpy as np
import torch
from attrs import evolve, frozen

from engine.analysis.codec.folder import codec_folder
from engine.analysis.codec.open_codec import open_codec
from engine.errors import RefusedValuesError
from engine.project import Project
from engine.system_support.corpus_system import SplitCorpus, split_corpus
from engine.systems.codec_lm.data.assets import CodecLmAssets
from engine.systems.codec_lm.data.cached_features import CachedFeatures
from engine.systems.codec_lm.data.dataset import CloningClips
from engine.systems.codec_lm.data.eligible import Eligible
from engine.systems.codec_lm.data.seen import seen_places
from engine.systems.codec_lm.higgs.tokens import HiggsTokens
from engine.systems.codec_lm.recipe import Published


@frozen(eq=False, slots=False)
class Utterances:
    """The clips that a recipe trains on and evaluates on, with their features."""

    data: SplitCorpus
    """`rows` are those of the sets alone, the seen clips among them."""
    eligible: Eligible
    """All that may be used, those among them that are in no set."""
    clips: CloningClips
    """Clips of all sets, in the order of `data.rows`."""
    assets: CodecLmAssets

    @property
    def training(self) -> CloningClips:
        """The clips that are trained on, with references among themselves."""
        return self.clips.only(self.data.split.train)

    @property
    def evaluation(self) -> CloningClips:
        """The clips that are held out, with references among themselves."""
        return self.clips.only(self.data.split.evaluation)

    @cached_property
    def seen(self) -> CloningClips:
        """Held-out clips of trained speakers (`seen.py`)."""
        split = self.data.split
        places = np.arange(len(self.clips))
        return self.clips.only(np.delete(places, np.union1d(split.train, split.evaluation)))

    @property
    def unchosen(self) -> np.ndarray:
        """Rows of the manifest that could be used but are in no set."""
        return np.setdiff1d(self.eligible.rows, self.data.rows)


def load_utterances(
    project: Project, made: CachedFeatures, seed: int, device: torch.device
) -> Utterances:
    """Tokenize, split and encode the clips of a corpus; `device` encodes.

    Raises UserError where codec or tokenizer are missing or do not fit, or no clip, or fewer
    training clips than a batch has, can be used.
    """
    assets = load_assets(project, made, device)
    eligible, data = split_eligible(project, made, assets, seed)
    clips = made.corpus.manifest.clips
    places = np.searchsorted(eligible.rows, data.rows).tolist()
    coded = CloningClips.of_corpus(
        made.corpus,
        data.rows,
        texts=tuple(eligible.texts[place] for place in places),
        codes=made.codes(assets.codec, data.rows),
        speakers=tuple(clips[row].speaker or "" for row in data.rows.tolist()),
        chat=assets.chat,
        window=assets.window,
    )
    return Utterances(data, eligible, coded, assets)


def load_assets(project: Project, made: CachedFeatures, device: torch.device) -> CodecLmAssets:
    """The codec and the tokenizer, which is published or fitted to the corpus.

    Raises UserError as `load_utterances` does.
    """
    recipe = made.recipe
    folder = codec_folder(recipe.codec, project)
    codec = open_codec(folder, recipe.codec.num_codebooks, device)
    if isinstance(recipe.model, Published):
        tokens = HiggsTokens.open(project.root / recipe.model.folder)
    else:
        tokens = made.new_tokens(recipe.model.num_text_tokens)
    return CodecLmAssets.of(recipe, codec, tokens)


def split_eligible(
    project: Project, made: CachedFeatures, assets: CodecLmAssets, seed: int
) -> tuple[Eligible, SplitCorpus]:
    """The clips that can be used, and the sets of them, each clip with a reference in its set.

    A clip that the split leaves without another clip of its speaker is left out. Raises UserError
    as `load_utterances` does.
    """
    found = made.eligible(assets)
    data = split_corpus(made.recipe, project, made.corpus, seed, found.rows, found.notes)
    sets = {"training": data.split.train, "evaluation": data.split.evaluation}
    rows = {name: found.rows[places] for name, places in sets.items()}
    for name, chosen in rows.items():
        found = found.paired(chosen, made.corpus.manifest.clips, f"the {name} set")
    train, evaluation = (np.intersect1d(chosen, found.rows) for chosen in rows.values())
    num_alone = sum(map(len, rows.values())) - len(train) - len(evaluation)
    _require_enough(made, train, evaluation, found)
    seen = _seen(made, found, train)
    data = evolve(data, num_usable=len(found.rows))
    return found, _of_sets(data, np.setdiff1d(train, seen), evaluation, seen, num_alone)


def _seen(made: CachedFeatures, found: Eligible, train: np.ndarray) -> np.ndarray:
    """Rows of training clips that are held out; a batch is left of the others."""
    recipe = made.recipe
    most = min(recipe.dataset.num_seen_clips, len(train) - recipe.training.batch_size)
    candidates = found.candidates.only(np.searchsorted(found.rows, train))
    held_out: np.ndarray = train[seen_places(candidates, most)]
    return held_out


def _of_sets(
    data: SplitCorpus, train: np.ndarray, evaluation: np.ndarray, seen: np.ndarray, num_alone: int
) -> SplitCorpus:
    """The corpus split into the clips at these rows of its manifest."""
    rows = np.concatenate([train, evaluation, seen])
    rows.sort()
    how = data.split.how
    how += (
        f"; {num_alone} are left out, because no other clip of their speaker is"
        if num_alone
        else ""
    )
    how += f"; {len(seen)} clips of training speakers are held out as well" if len(seen) else ""
    split = evolve(
        data.split,
        train=np.searchsorted(rows, train),
        evaluation=np.searchsorted(rows, evaluation),
        how=how,
    )
    return SplitCorpus(data.corpus, rows, split, data.num_usable)


def _require_enough(
    made: CachedFeatures, train: np.ndarray, evaluation: np.ndarray, found: Eligible
) -> None:
    """Raise UserError where too few clips have a reference in their set."""
    recipe = made.recipe
    least = recipe.training.batch_size
    if len(train) < least or not len(evaluation):
        raise RefusedValuesError(
            f"Corpus {recipe.dataset.corpus!r} has {len(train)} training and {len(evaluation)} "
            f"evaluation clips with another clip of their speaker in the same set; a batch is "
            f"{least}. {' '.join(found.notes)} Add clips of these speakers, or choose another "
            "dataset.split, and lower training.batch_size where clips are few."
        )
