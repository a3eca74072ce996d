"""The models that judge a recipe's speech: those that [speech_evaluation] of params.toml names."""

import hashlib
from collections.abc import Mapping
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from attrs import evolve, frozen

from engine.corpus.audio.pcm import RESAMPLER
from engine.errors import UserError
from engine.evaluation.texts import words_of
from engine.evaluation.unit import Unit
from engine.files.checksum import sha256_of
from engine.metrics.ctranslate2_recognizer import is_ctranslate2
from engine.metrics.pretrained import SAMPLE_RATE_HZ
from engine.metrics.recognizers import Recognizer, check_recognizer, load_recognizer
from engine.metrics.speaker_similarity import SpeakerSimilarity, check_speaker_encoder
from engine.metrics.word_errors import character_error_rate, word_error_rate
from engine.project import Project
from engine.recipe.params import SpeechEvaluation
from engine.recipe.schema import Recipe

RECOGNIZED, COMPARED = ("wer", "cer"), ("similarity",)
"""Figures that need a speech recognizer, and those that need a speaker encoder."""


@frozen
class SpeechScores:
    """What the judges measured of one piece of speech."""

    figures: Mapping[str, float]
    """Figures of RECOGNIZED and COMPARED for which params.toml names a model."""
    notes: tuple[str, ...]
    """The figures in words, with the recognized words."""


@frozen(slots=False)
class SpeechJudges:
    """The checked folders of the models. `load` reads their weights."""

    language: str
    speech_recogniser: Path | None
    speaker_encoder: Path | None

    @classmethod
    def of(cls, named: SpeechEvaluation, project: Project, language: str) -> "SpeechJudges":
        """Check the folders that params.toml names, before training rather than hours after it.

        Raises UserError where a folder is missing or holds something else, or the recognizer does
        not know the language.
        """
        paths = (named.speech_recogniser, named.speaker_encoder)
        recognizer, encoder = (None if path is None else project.root / path for path in paths)
        if recognizer is not None:
            check_recognizer(recognizer, language)
        if encoder is not None:
            check_speaker_encoder(encoder)
        return cls(language, recognizer, encoder)

    @property
    def figures(self) -> set[str]:
        """The figures that the models here give."""
        return {*RECOGNIZED, *COMPARED} - self.missing().keys()

    def units(self, sample_rate_hz: int) -> dict[str, Unit]:
        """How each figure of speech at a rate is measured: by which model, for which language."""
        at_rate = "" if sample_rate_hz == SAMPLE_RATE_HZ else RESAMPLER
        return {
            name: evolve(unit, resampler=at_rate, sample_rate_hz=SAMPLE_RATE_HZ)
            for name, unit in self._models.items()
        }

    @cached_property
    def _models(self) -> dict[str, Unit]:
        """Units without the rate; the digest of a folder's files is computed once."""
        found: dict[str, Unit] = {}
        if (folder := self.speech_recogniser) is not None:
            library = "ctranslate2" if is_ctranslate2(folder) else "transformers"
            recognizer = Unit(
                definition="",
                programs={library: version(library)},
                weights=_digest_of(folder),
                language=self.language,
            )
            for name in RECOGNIZED:
                found[name] = evolve(recognizer, definition=f"speech/{name} 1")
        if (folder := self.speaker_encoder) is not None:
            programs = {"transformers": version("transformers")}
            found["similarity"] = Unit(
                definition="speech/similarity 1", programs=programs, weights=_digest_of(folder)
            )
        return found

    def missing(self) -> dict[str, str]:
        """The figures that cannot be measured, each with the key of params.toml that it needs."""
        missing: dict[str, str] = {}
        if self.speech_recogniser is None:
            missing |= dict.fromkeys(RECOGNIZED, "speech_recogniser")
        if self.speaker_encoder is None:
            missing |= dict.fromkeys(COMPARED, "speaker_encoder")
        return missing

    def load(self, device: torch.device) -> "LoadedSpeechJudges":
        """Load the models.

        They are freed with the returned object: memory may not hold them during training. Raises
        UserError where a model's weights are missing or do not fit it.
        """
        recognizer, similarity = None, None
        if self.speech_recogniser is not None:
            recognizer = load_recognizer(self.speech_recogniser, self.language, device)
        if self.speaker_encoder is not None:
            similarity = SpeakerSimilarity.load(self.speaker_encoder, device)
        return LoadedSpeechJudges(recognizer, similarity)


@frozen(eq=False)
class LoadedSpeechJudges:
    """The models with their weights, and the voice that speech should have."""

    recognizer: Recognizer | None
    similarity: SpeakerSimilarity | None
    voice: torch.Tensor | None = None

    def for_voice(self, reference: np.ndarray, sample_rate_hz: int) -> "LoadedSpeechJudges":
        """The models, for speech in the voice of a recording [samples]."""
        if self.similarity is None:
            return self
        return evolve(self, voice=self.similarity.embed(reference, sample_rate_hz))

    def score(self, speech: np.ndarray, sample_rate_hz: int, text: str) -> SpeechScores:
        """Judge speech [samples] that should say a text in the voice.

        A text without a word, such as "...", has no error rate.
        """
        figures: dict[str, float] = {}
        notes = []
        if self.recognizer is not None and words_of(text):
            recognized = self.recognizer(speech, sample_rate_hz)
            figures["wer"] = word_error_rate(text, recognized)
            figures["cer"] = character_error_rate(text, recognized)
            rates = f"WER {figures['wer']:.0%}, CER {figures['cer']:.0%}"
            notes.append(f"recognized: {words_of(recognized) or 'nothing'} ({rates})")
        if self.similarity is not None:
            assert self.voice is not None, "for_voice gives it"
            embedded = self.similarity.embed(speech, sample_rate_hz)
            figures["similarity"] = self.similarity.between(self.voice, embedded)
            notes.append(f"voice alike: {figures['similarity']:.2f}")
        return SpeechScores(figures, tuple(notes))


def require_speech_judges(recipe: Recipe, judges: SpeechJudges) -> None:
    """Raise UserError where the recipe relies on a figure that no model here measures."""
    relied = {f"expect.{metric}": metric for metric in recipe.expect}
    if recipe.verdict is not None:
        relied["verdict.metric"] = recipe.verdict.metric
    for path, metric in relied.items():
        key = judges.missing().get(metric.removeprefix("eval/speech/"))
        if key is not None:
            raise UserError(
                f"The recipe relies on '{metric}' ({path}), which needs a model to measure it: "
                f"set speech_evaluation.{key} in params.toml, or choose another metric."
            )


def _digest_of(folder: Path) -> str:
    """Digest of every file that `transformers` may read in a folder, by name."""
    files = sorted(path for path in folder.iterdir() if path.is_file())
    content = "\n".join(f"{path.name} {sha256_of(path)}" for path in files)
    return hashlib.sha256(content.encode()).hexdigest()
