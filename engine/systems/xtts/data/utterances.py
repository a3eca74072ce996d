"""The utterances of a recipe: its clips as text tokens and audio codes, made once and kept."""

from pathlib import Path

import numpy as np
import torch
from attrs import frozen

from engine.corpus import Corpus
from engine.corpus.store.rows import Rows
from engine.errors import UserError
from engine.evaluation.audio import SPAN
from engine.evaluation.digests import as_digests
from engine.features.cache import Features
from engine.project import Project
from engine.recipe.code import preparing_digest
from engine.split import Split, choose_clips
from engine.split.columns import span_of
from engine.systems.xtts.data.assets import Vocabulary, XttsAssets, published_assets, scratch_assets
from engine.systems.xtts.data.audio_codes import (
    CODE_TYPE,
    AudioCodes,
    as_waveform,
    code_all,
    fit_audio_codes,
    num_codes_in,
)
from engine.systems.xtts.data.dataset import XttsClips
from engine.systems.xtts.data.eligible import Eligible
from engine.systems.xtts.network.kmeans import KmeansCodes
from engine.systems.xtts.recipe import SAMPLE_RATE_HZ, Published, Scratch, XttsRecipe
from engine.systems.xtts.text.text_tokens import tokens_of

_FITTED_CLIPS = 200
"""Training clips that audio codes are fitted to, where none were published: enough for 1,024."""


@frozen(eq=False)
class Utterances:
    """The clips that a recipe may use, with what they were made into."""

    eligible: Eligible
    split: Split
    """By places among the eligible clips."""
    clips: XttsClips
    """All of these, those among them that the split leaves out."""
    assets: XttsAssets

    @property
    def training(self) -> XttsClips:
        """The clips that are learned from."""
        return self.clips.only(self.split.train)

    @property
    def evaluation(self) -> XttsClips:
        """The clips that are held out."""
        return self.clips.only(self.split.evaluation)


def utterances_of(
    recipe: XttsRecipe,
    project: Project,
    corpus: Corpus,
    text: Vocabulary,
    features: Features,
    seed: int,
) -> Utterances:
    """Sort, split and code the clips of a corpus; what is kept in `features` is not made again.

    Raises UserError where a published file is missing or does not fit, or no clip, or fewer
    training clips than a batch has, can be used.
    """
    clips = corpus.manifest.clips
    assert isinstance(clips, Rows), "an ingested corpus has its manifest on disk"
    eligible = tokens_of(recipe, corpus, text, features)
    split = choose_clips(recipe, project, clips.only(eligible.rows), seed)
    if len(split.train) < recipe.training.batch_size:
        raise UserError(
            f"Corpus {recipe.dataset.corpus!r} has {len(split.train)} training clips, fewer than a "
            f"batch of {recipe.training.batch_size}. {' '.join(eligible.notes)} Add clips or lower "
            "training.batch_size."
        )
    if isinstance(recipe.model, Published):
        assets = published_assets(recipe.model, text, project)
    else:
        rows = eligible.rows[split.train][:_FITTED_CLIPS]
        codes = _fitted(recipe, corpus, rows, seed, features)
        assets = scratch_assets(recipe.model, text, codes)
    used = all_clips(recipe, corpus, eligible, assets, features)
    return Utterances(eligible, split, used, assets)


def all_clips(
    recipe: XttsRecipe,
    corpus: Corpus,
    eligible: Eligible,
    assets: XttsAssets,
    features: Features,
) -> XttsClips:
    """Every clip that may be used, coded once."""
    packed = corpus.packed(SAMPLE_RATE_HZ)
    clips = [corpus.manifest.clips[row] for row in eligible.rows.tolist()]
    known = [(clip.id, clip.sha256, span_of(clip), clip.speaker) for clip in clips]
    return XttsClips(
        ids=tuple(id_ for id_, _, _, _ in known),
        rows=eligible.rows,
        digests=as_digests(word for _, word, _, _ in known),
        spans=np.array([span for _, _, span, _ in known], SPAN),
        tokens=tuple(eligible.tokens),
        codes=_kept_codes(recipe, corpus, eligible.rows, assets, features),
        speakers=tuple(speaker or "" for _, _, _, speaker in known),
        packed=packed,
        dataset=recipe.dataset,
    )


def _fitted(
    recipe: XttsRecipe, corpus: Corpus, rows: np.ndarray, seed: int, features: Features
) -> AudioCodes:
    """Audio codes fitted to some clips. Other processors would fit others: by a few bits."""
    packed, model = corpus.packed(SAMPLE_RATE_HZ), recipe.model
    assert isinstance(model, Scratch)
    num_codes = model.num_codes
    key: dict[str, str | int | float | None] = {
        "num_codes": num_codes,
        "seed": seed,
        **_audio_key(recipe, corpus, rows),
    }

    def write(path: Path) -> None:
        waveforms = [as_waveform(packed.read(row)) for row in rows.tolist()]
        codes = fit_audio_codes(waveforms, num_codes, seed)
        assert isinstance(codes.coder, KmeansCodes)
        with path.open("wb") as file:
            centroids, mel_stats = codes.coder.centroids.numpy(), codes.mel.mel_stats.numpy()
            np.savez(file, centroids=centroids, mel_stats=mel_stats)

    with np.load(features.file("audio_codes.npz", key, write), allow_pickle=False) as file:
        centroids, mel_stats = (torch.from_numpy(file[name]) for name in ("centroids", "mel_stats"))
    return AudioCodes(KmeansCodes(centroids), mel_stats)


def _kept_codes(
    recipe: XttsRecipe, corpus: Corpus, rows: np.ndarray, assets: XttsAssets, features: Features
) -> tuple[np.ndarray, ...]:
    packed = corpus.packed(SAMPLE_RATE_HZ)
    lengths = packed.lengths[rows]
    counts = [num_codes_in(int(length)) for length in lengths]
    key = {"assets": assets.digest.hex(), **_audio_key(recipe, corpus, rows)}

    def fill(array: np.ndarray) -> None:
        array[:] = code_all(assets.audio_codes, lambda at: packed.read(int(rows[at])), lengths)[0]

    flat = features.array("codes", key, [sum(counts)], CODE_TYPE.str, fill)
    return tuple(np.split(flat, np.cumsum(counts)[:-1]))


def _audio_key(recipe: XttsRecipe, corpus: Corpus, rows: np.ndarray) -> dict[str, str]:
    """What all that is made of some clips' audio depends on."""
    return {
        "corpus": corpus.digest_at(SAMPLE_RATE_HZ),
        "clips": " ".join(map(str, rows.tolist())),
        "code": preparing_digest(recipe),
    }
