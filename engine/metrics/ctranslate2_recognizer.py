"""Whisper in a folder that CTranslate2 wrote, as faster-whisper and others publish it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from attrs import frozen

from engine.errors import UserError
from engine.files.packages import require_package
from engine.files.untrusted import as_user_error
from engine.metrics.pretrained import SAMPLE_RATE_HZ, at_16_khz, read_part

_WEIGHTS = "model.bin"
_VOCABULARIES = ("vocabulary.json", "vocabulary.txt")
_SMALLEST_MULTILINGUAL = 51_865
"""Tokens. The English Whispers have one less, though their tokenizers name the languages too."""
_SHORTEST_SECONDS = 0.1
_MOST_TOKENS = 224
"""Tokens for 30 s: half of the context, as Whisper's own decoding has it."""


@frozen(eq=False)
class CTranslate2Recognizer:
    """Writes down what it recognizes; the same always alike (greedy, one thread, float32)."""

    whisper: Any
    extract: Any
    tokenizer: Any
    prompt: tuple[str, ...]
    """The tokens that Whisper is given besides the audio."""

    @classmethod
    def load(cls, folder: Path, language: str) -> "CTranslate2Recognizer":
        """Load it for a language ("hu"). Raises UserError where `check_ctranslate2` does."""
        check_ctranslate2(folder, language)
        from ctranslate2.models import Whisper

        with as_user_error(f"{folder} holds no model that CTranslate2 can read.", RuntimeError):
            whisper = Whisper(str(folder), compute_type="float32", intra_threads=1)
        multilingual = whisper.is_multilingual
        arguments = (f"<|{_code(language)}|>", "<|transcribe|>") if multilingual else ()
        prompt = ("<|startoftranscript|>", *arguments, "<|notimestamps|>")
        return cls(whisper, _extractor(folder, whisper.n_mels), _tokenizer(folder), prompt)

    def __call__(self, audio: np.ndarray, sample_rate_hz: int) -> str:
        """The words of speech [samples], of at most 30 s. Of less than 0.1 s: none."""
        from ctranslate2 import StorageView

        if len(audio) < _SHORTEST_SECONDS * sample_rate_hz:
            return ""
        made = self.extract(
            at_16_khz(audio, sample_rate_hz), sampling_rate=SAMPLE_RATE_HZ, return_tensors="np"
        )
        features = StorageView.from_array(np.ascontiguousarray(made["input_features"], np.float32))
        (found,) = self.whisper.generate(
            features, [list(self.prompt)], beam_size=1, max_length=_MOST_TOKENS
        )
        text: str = self.tokenizer.decode(found.sequences_ids[0], skip_special_tokens=True)
        return text.strip()


def is_ctranslate2(folder: Path) -> bool:
    """Whether a folder is of CTranslate2, judged by the names of its files."""
    return (folder / _WEIGHTS).is_file() and not any(folder.glob("*.safetensors"))


def check_ctranslate2(folder: Path, language: str) -> None:
    """Raise UserError where a folder holds no Whisper of CTranslate2 for a language.

    No weights are read.
    """
    require_package("ctranslate2", "ctranslate2", f"The recognizer {folder}", extra="judges")
    num_tokens = len(_vocabulary(folder))
    code = _code(language)
    if num_tokens < _SMALLEST_MULTILINGUAL and code != "en":
        raise UserError(f"The speech recognizer {folder} knows English alone, not '{language}'.")
    if _tokenizer(folder).token_to_id(f"<|{code}|>") is None:
        raise UserError(f"The speech recognizer {folder} does not know the language '{language}'.")


def _code(language: str) -> str:
    return language.partition("-")[0]


def _vocabulary(folder: Path) -> list[str]:
    for name in _VOCABULARIES:
        path = folder / name
        if path.is_file():
            with as_user_error(f"{path} is damaged: it holds no list of tokens.", OSError):
                text = path.read_text(encoding="utf-8")
                return list(json.loads(text)) if path.suffix == ".json" else text.splitlines()
    raise UserError(f"{folder} holds no vocabulary, neither {' nor '.join(_VOCABULARIES)}.")


def _tokenizer(folder: Path) -> Any:
    from tokenizers import Tokenizer

    path = folder / "tokenizer.json"
    if not path.is_file():
        raise UserError(f"{folder} holds no tokenizer.json. Take it from the model's first place.")
    with as_user_error(f"{path} holds no tokenizer.", Exception):
        return Tokenizer.from_file(str(path))


def _extractor(folder: Path, num_mels: int) -> Any:
    """The folder's feature extractor; else Whisper's own, by the network's number of mel bands."""
    from transformers import WhisperFeatureExtractor

    if (folder / "preprocessor_config.json").is_file():
        return read_part(WhisperFeatureExtractor.from_pretrained, folder, "feature extractor")
    kind: Any = WhisperFeatureExtractor
    return kind(feature_size=num_mels)
