"""Who judges what a recipe speaks: the models that [speech_evaluation] of params.toml names."""

import hashlib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from attrs import frozen

from engine.errors import UserError
from engine.files.checksum import sha256_of
from engine.metrics.speaker_similarity import SpeakerSimilarity, check_speaker_encoder
from engine.metrics.speech_recogniser import SpeechRecogniser, check_speech_recogniser
from engine.metrics.word_errors import bare, character_error_rate, word_error_rate
from engine.project import Project
from engine.recipe.params import SpeechEvaluation
from engine.recipe.schema import Recipe

RECOGNISED, COMPARED = ("wer", "cer"), ("similarity",)
"""Figures that take a speech recogniser, and a speaker encoder."""


@frozen
class SpeechScores:
    """What speech_judges found in one piece of speech."""

    figures: Mapping[str, float]
    """Of RECOGNISED and COMPARED those whose listener there is."""
    notes: tuple[str, ...]
    """The same in words, with the words that were heard."""


@frozen(slots=False)
class SpeechJudges:
    """The folders of the models, found to be what they should be; weights are loaded to listen."""

    language: str
    speech_recogniser: Path | None
    speaker_encoder: Path | None

    @classmethod
    def of(cls, named: SpeechEvaluation, project: Project, language: str) -> "SpeechJudges":
        """Look at what params.toml names, in a moment: before training, not hours after.

        Raises UserError where a folder is missing or holds something else, or the recogniser does
        not know the language.
        """
        paths = (named.speech_recogniser, named.speaker_encoder)
        recogniser, encoder = (None if path is None else project.root / path for path in paths)
        if recogniser is not None:
            check_speech_recogniser(recogniser, language)
        if encoder is not None:
            check_speaker_encoder(encoder)
        return cls(language, recogniser, encoder)

    @cached_property
    def digests(self) -> dict[str, str]:
        """What each figure depends on besides the speech: the digest of the files that judge it."""
        found: dict[str, str] = {}
        judges = (self.speech_recogniser, RECOGNISED), (self.speaker_encoder, COMPARED)
        for folder, names in judges:
            if folder is not None:
                found |= dict.fromkeys(names, _digest_of(folder))
        return found

    def missing(self) -> dict[str, str]:
        """The figures that cannot be had, each with the key of params.toml that would give it."""
        missing: dict[str, str] = {}
        if self.speech_recogniser is None:
            missing |= dict.fromkeys(RECOGNISED, "speech_recogniser")
        if self.speaker_encoder is None:
            missing |= dict.fromkeys(COMPARED, "speaker_encoder")
        return missing

    def load(
        self, reference: np.ndarray, sample_rate_hz: int, device: torch.device
    ) -> "LoadedSpeechJudges":
        """Load the models, to hear speech and compare its voice with a reference [samples].

        They are gone with what is returned: there may be no room for them while training. Raises
        UserError where a model's weights are missing or another's.
        """
        recogniser, similarity, voice = None, None, None
        if self.speech_recogniser is not None:
            recogniser = SpeechRecogniser.load(self.speech_recogniser, self.language, device)
        if self.speaker_encoder is not None:
            similarity = SpeakerSimilarity.load(self.speaker_encoder, device)
            voice = similarity.embed(reference, sample_rate_hz)
        return LoadedSpeechJudges(recogniser, similarity, voice)


@frozen(eq=False)
class LoadedSpeechJudges:
    """The speech_judges with their weights, and the voice that speech should have."""

    recogniser: SpeechRecogniser | None
    similarity: SpeakerSimilarity | None
    voice: torch.Tensor | None

    def score(self, speech: np.ndarray, sample_rate_hz: int, text: str) -> SpeechScores:
        """Judge speech [samples] that should say a text in the voice.

        A text without a word, such as "...", has no error rate.
        """
        figures: dict[str, float] = {}
        notes = []
        if self.recogniser is not None and bare(text):
            heard = self.recogniser(speech, sample_rate_hz)
            figures["wer"] = word_error_rate(text, heard)
            figures["cer"] = character_error_rate(text, heard)
            rates = f"WER {figures['wer']:.0%}, CER {figures['cer']:.0%}"
            notes.append(f"heard: {bare(heard) or 'nothing'} ({rates})")
        if self.similarity is not None:
            assert self.voice is not None, "they are loaded together"
            embedded = self.similarity.embed(speech, sample_rate_hz)
            figures["similarity"] = self.similarity.between(self.voice, embedded)
            notes.append(f"voice alike: {figures['similarity']:.2f}")
        return SpeechScores(figures, tuple(notes))


def require_speech_judges(recipe: Recipe, speech_judges: SpeechJudges) -> None:
    """Raise UserError where the recipe relies on a figure that nobody here can give."""
    relied = {f"expect.{metric}": metric for metric in recipe.expect}
    if recipe.verdict is not None:
        relied["verdict.metric"] = recipe.verdict.metric
    for path, metric in relied.items():
        key = speech_judges.missing().get(metric.removeprefix("eval/speech/"))
        if key is not None:
            raise UserError(
                f"The recipe relies on '{metric}' ({path}), which nothing here can judge. Name a "
                f"model as {key} below [speech_evaluation] in params.toml, or rely on another "
                "metric."
            )


def _digest_of(folder: Path) -> str:
    """Of every file that `transformers` may read in a folder, by name."""
    files = sorted(path for path in folder.iterdir() if path.is_file())
    content = "\n".join(f"{path.name} {sha256_of(path)}" for path in files)
    return hashlib.sha256(content.encode()).hexdigest()
