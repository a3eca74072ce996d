"""The vocabulary of a recipe and the text tokens of its corpus, made once and kept."""

import json
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from engine.corpus import Corpus
from engine.corpus.store.manifest import Clip
from engine.features.cache import Features
from engine.project import Project
from engine.recipe import to_plain
from engine.recipe.code import preparing_digest
from engine.systems.xtts.data.assets import (
    Vocabulary,
    extended_vocabulary,
    published_vocabulary,
    scratch_vocabulary,
)
from engine.systems.xtts.data.eligible import Eligible, LeftOut, eligible_clips, language_of
from engine.systems.xtts.recipe import Published, XttsRecipe
from engine.systems.xtts.text.tokenizer import Tokenizer

_PACKAGES = ("tokenizers", "num2words", "cutlet", "unidic-lite", "ko-speech-tools", "pypinyin")
"""That put text into words and tokens; without one of them some clips cannot be spoken."""


def vocabulary_of(
    recipe: XttsRecipe, project: Project, corpus: Corpus, features: Features
) -> Vocabulary:
    """The vocabulary: as published, extended by a language, or made of the corpus.

    Raises UserError where a published file is missing, or no vocabulary can be made.
    """
    model, published = recipe.model, None
    if isinstance(model, Published):
        published = published_vocabulary(model, project)
        if model.new_language is None:
            return published

    def write(path: Path) -> None:
        spoken = _spoken(recipe, corpus)
        if isinstance(model, Published):
            assert published is not None
            assert model.new_language is not None
            new = model.new_language
            theirs = (text for text, language in spoken if language == new.language)
            made = extended_vocabulary(published, new, theirs)
        else:
            made = scratch_vocabulary(model, spoken, recipe.dataset.languages)
        path.write_text(made.content, encoding="utf-8")

    key = {
        "corpus": corpus.digest,
        "languages": json.dumps([recipe.dataset.languages, recipe.dataset.language]),
        "model": json.dumps(to_plain(model)),
        "published": published.tokenizer.digest if published is not None else None,
        "code": _code(recipe),
    }
    content = features.file("vocab.json", key, write).read_text("utf-8")
    extends = published.content if published is not None else None
    return Vocabulary(content, Tokenizer.read(content), extends)


def tokens_of(recipe: XttsRecipe, corpus: Corpus, text: Vocabulary, features: Features) -> Eligible:
    """The clips that can be spoken, as tokens, and the others. Raises as `eligible_clips`."""
    dataset, clips = recipe.dataset, corpus.manifest.clips
    key = {
        "corpus": corpus.digest,
        "dataset": json.dumps(to_plain(dataset)),
        "vocabulary": text.tokenizer.digest,
        "code": _code(recipe),
    }

    def write(path: Path) -> None:
        _write_eligible(eligible_clips(clips, dataset, text.tokenizer), path)

    return _read_eligible(features.file("tokens.npz", key, write), clips)


def _code(recipe: XttsRecipe) -> str:
    """The system's code and the packages it uses: text takes a moment to put into words again."""
    return f"{preparing_digest(recipe)} {' '.join(map(_version, _PACKAGES))}"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"


def _spoken(recipe: XttsRecipe, corpus: Corpus) -> Iterator[tuple[str, str]]:
    """Transcripts in the recipe's languages, each with its language."""
    for clip in corpus.manifest.clips:
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
