"""Cached features of a corpus: vocabulary, text tokens, fitted centroids, audio codes.

All files and their keys are here. `utterances.py` says in which order they are made.
"""

import json
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import torch
from attrs import frozen

from engine.corpus import Corpus
from engine.corpus.table.manifest import Clip
from engine.features.cache import Features
from engine.recipe import to_plain
from engine.recipe.code import preparing_digest
from engine.system_support.left_out import LeftOut
from engine.systems.xtts.data.assets import (
    Vocabulary,
    XttsAssets,
    extended_vocabulary,
    scratch_vocabulary,
)
from engine.systems.xtts.data.audio_codes import (
    CODE_TYPE,
    AudioCodes,
    as_waveform,
    code_all,
    fit_audio_codes,
    num_codes_in,
)
from engine.systems.xtts.data.eligible import Eligible, eligible_clips, language_of
from engine.systems.xtts.network.kmeans import KmeansCodes
from engine.systems.xtts.recipe import SAMPLE_RATE_HZ, Published, XttsRecipe
from engine.systems.xtts.text.tokenizer import Tokenizer

_PACKAGES = (
    "tokenizers",
    "babel",
    "num2words",
    "cutlet",
    "unidic-lite",
    "ko-speech-tools",
    "pypinyin",
)
"""Packages that put text into words and tokens; without one, some clips cannot be used."""


@frozen
class CachedFeatures:
    """The features of a recipe's corpus: each is read from the cache, or computed and cached."""

    recipe: XttsRecipe
    corpus: Corpus
    cache: Features

    def vocabulary(self, published: Vocabulary | None) -> Vocabulary:
        """A vocabulary made of the transcripts: the published one extended, or one from scratch.

        Raises UserError where the transcripts give none.
        """
        recipe = self.recipe
        key = {
            "corpus": self.corpus.digest,
            "languages": json.dumps([recipe.dataset.languages, recipe.dataset.language]),
            "model": json.dumps(to_plain(recipe.model)),
            "published": None if published is None else published.tokenizer.digest,
            "code": _text_code(recipe),
        }

        def write(path: Path) -> None:
            made = _make_vocabulary(recipe, published, self.corpus.manifest.clips)
            path.write_text(made.content, encoding="utf-8")

        content = self.cache.file("vocab.json", key, write).read_text("utf-8")
        extends = None if published is None else published.content
        return Vocabulary(content, Tokenizer.read(content), extends)

    def eligible(self, tokenizer: Tokenizer) -> Eligible:
        """The clips that can be spoken, as text tokens, and the others.

        Raises UserError as `eligible_clips` does.
        """
        dataset, clips = self.recipe.dataset, self.corpus.manifest.clips
        key = {
            "corpus": self.corpus.digest,
            "dataset": json.dumps(to_plain(dataset)),
            "vocabulary": tokenizer.digest,
            "code": _text_code(self.recipe),
        }

        def write(path: Path) -> None:
            _write_eligible(eligible_clips(clips, dataset, tokenizer), path)

        return _read_eligible(self.cache.file("tokens.npz", key, write), clips)

    def fitted_audio_codes(self, num_codes: int, rows: np.ndarray) -> AudioCodes:
        """Centroids fitted to the clips at these rows of the manifest.

        Another type of processor would fit others, which differ by a few bits. Raises UserError
        where there is less audio than codes.
        """
        packed = self.corpus.packed(SAMPLE_RATE_HZ)
        key = {"num_codes": num_codes, **self._audio_key(rows)}

        def write(path: Path) -> None:
            waveforms = [as_waveform(packed.read(row)) for row in rows.tolist()]
            _write_audio_codes(fit_audio_codes(waveforms, num_codes), path)

        return _read_audio_codes(self.cache.file("audio_codes.npz", key, write))

    def codes(self, assets: XttsAssets, rows: np.ndarray) -> tuple[np.ndarray, ...]:
        """The audio codes of the clips at these rows of the manifest, int16 [codes] each."""
        packed = self.corpus.packed(SAMPLE_RATE_HZ)
        lengths = packed.lengths[rows]
        counts = [num_codes_in(int(length)) for length in lengths]
        key = {"assets": assets.digest.hex(), **self._audio_key(rows)}

        def fill(array: np.ndarray) -> None:
            coded, _ = code_all(assets.audio_codes, lambda at: packed.read(int(rows[at])), lengths)
            array[:] = coded

        flat = self.cache.array("codes", key, [sum(counts)], CODE_TYPE.str, fill)
        return tuple(np.split(flat, np.cumsum(counts)[:-1]))

    def _audio_key(self, rows: np.ndarray) -> dict[str, str | int | float | None]:
        """Everything on which features of some clips' audio depend."""
        return {
            "corpus": self.corpus.digest_at(SAMPLE_RATE_HZ),
            "clips": " ".join(map(str, rows.tolist())),
            "code": preparing_digest(self.recipe),
        }


def _text_code(recipe: XttsRecipe) -> str:
    """The system's code and the packages it uses: text takes a moment to put into words again."""
    return f"{preparing_digest(recipe)} {' '.join(map(_version, _PACKAGES))}"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"


def _make_vocabulary(
    recipe: XttsRecipe, published: Vocabulary | None, clips: Sequence[Clip]
) -> Vocabulary:
    spoken = _spoken(recipe, clips)
    if isinstance(recipe.model, Published):
        new = recipe.model.new_language
        assert published is not None, "it is what is extended"
        assert new is not None, "else the published vocabulary is taken as it is"
        theirs = (text for text, language in spoken if language == new.language)
        return extended_vocabulary(published, new, theirs)
    return scratch_vocabulary(recipe.model, spoken, recipe.dataset.languages)


def _spoken(recipe: XttsRecipe, clips: Sequence[Clip]) -> Iterator[tuple[str, str]]:
    """Transcripts in the recipe's languages, each with its language."""
    for clip in clips:
        language = language_of(clip, recipe.dataset)
        if clip.text and language in recipe.dataset.languages:
            yield clip.text, language


def _write_eligible(found: Eligible, path: Path) -> None:
    with path.open("wb") as file:
        np.savez(
            file,
            rows=found.rows,
            tokens=np.concatenate(found.tokens),
            lengths=np.array([len(tokens) for tokens in found.tokens]),
            left_out=np.array([one.row for one in found.left_out], np.int64),
            why=np.frombuffer(
                json.dumps([[o.reason, o.detail] for o in found.left_out]).encode(), np.uint8
            ),
        )


def _read_eligible(path: Path, clips: Sequence[Clip]) -> Eligible:
    with np.load(path, allow_pickle=False) as file:
        kept = {name: file[name] for name in file.files}
    tokens = np.split(kept["tokens"], np.cumsum(kept["lengths"])[:-1])
    why = json.loads(kept["why"].tobytes())
    left_out = [
        LeftOut(row, clips[row].id, reason, detail)
        for row, (reason, detail) in zip(kept["left_out"].tolist(), why, strict=True)
    ]
    return Eligible(kept["rows"], tokens, left_out)


def _write_audio_codes(codes: AudioCodes, path: Path) -> None:
    assert isinstance(codes.coder, KmeansCodes)
    with path.open("wb") as file:
        centroids, mel_stats = codes.coder.centroids.numpy(), codes.mel.mel_stats.numpy()
        np.savez(file, centroids=centroids, mel_stats=mel_stats)


def _read_audio_codes(path: Path) -> AudioCodes:
    with np.load(path, allow_pickle=False) as file:
        centroids, mel_stats = (torch.from_numpy(file[name]) for name in ("centroids", "mel_stats"))
    return AudioCodes(KmeansCodes(centroids), mel_stats)
