"""A speech recognizer that writes down the words: Whisper and its like, or a CTC model."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from attrs import frozen

from engine.errors import UserError
from engine.metrics.pretrained import (
    SAMPLE_RATE_HZ,
    at_16_khz,
    features,
    load_network,
    quiet,
    read_config,
    read_part,
)

_SHORTEST_SECONDS = 0.1
"""In less there is no word, and some networks have no frame."""


@frozen(eq=False)
class SpeechRecognizer:
    """Recognizes speech and writes it down; the same speech always alike (greedy search)."""

    network: Any
    extract: Any
    tokenizer: Any
    language: dict[str, str]
    """Arguments for Whisper besides the audio; empty for models of one language."""
    device: torch.device

    @classmethod
    def load(cls, folder: Path, language: str, device: torch.device) -> "SpeechRecognizer":
        """Load it from a folder of `transformers`, for speech in a language ("hu").

        Raises UserError where `check_speech_recognizer` does, or where weights are missing.
        """
        from transformers import (
            AutoFeatureExtractor,
            AutoModelForCTC,
            AutoModelForSpeechSeq2Seq,
            AutoTokenizer,
        )

        arguments = check_speech_recognizer(folder, language)
        kind = AutoModelForSpeechSeq2Seq if _writes(folder) else AutoModelForCTC
        return cls(
            load_network(kind, folder, device),
            read_part(AutoFeatureExtractor.from_pretrained, folder, "feature extractor"),
            read_part(AutoTokenizer.from_pretrained, folder, "tokenizer"),
            arguments,
            device,
        )

    @torch.inference_mode()
    def __call__(self, audio: np.ndarray, sample_rate_hz: int) -> str:
        """The words of speech [samples], of at most 30 s. Of less than 0.1 s: none."""
        if len(audio) < _SHORTEST_SECONDS * sample_rate_hz:
            return ""
        inputs = features(self.extract, at_16_khz(audio, sample_rate_hz), self.device)
        if self.network.can_generate():
            with quiet():
                tokens = self.network.generate(
                    **inputs, **self.language, do_sample=False, num_beams=1
                )
        else:
            tokens = self.network(**inputs).logits.argmax(-1)
        (text,) = self.tokenizer.batch_decode(tokens, skip_special_tokens=True)
        return str(text).strip()


def check_speech_recognizer(folder: Path, language: str) -> dict[str, str]:
    """The arguments that the recognizer in a folder needs for a language; no weights are read.

    Raises UserError where the folder holds another model, lacks a part, or does not know the
    language.
    """
    from transformers import AutoFeatureExtractor, AutoTokenizer, GenerationConfig
    from transformers.models.auto.modeling_auto import (
        MODEL_FOR_CTC_MAPPING_NAMES,
        MODEL_FOR_SPEECH_SEQ_2_SEQ_MAPPING_NAMES,
    )

    types = {*MODEL_FOR_CTC_MAPPING_NAMES, *MODEL_FOR_SPEECH_SEQ_2_SEQ_MAPPING_NAMES}
    read_config(folder, "speech recognizer", types)
    extract = read_part(AutoFeatureExtractor.from_pretrained, folder, "feature extractor")
    read_part(AutoTokenizer.from_pretrained, folder, "tokenizer")
    if extract.sampling_rate != SAMPLE_RATE_HZ:
        raise UserError(
            f"{folder} takes audio at {extract.sampling_rate} Hz; name a model that takes "
            f"{SAMPLE_RATE_HZ} Hz."
        )
    if not _writes(folder) or not (folder / "generation_config.json").is_file():
        return {}
    generation = read_part(GenerationConfig.from_pretrained, folder, "generation_config.json")
    return _language_arguments(generation, folder, language)


def _language_arguments(generation: Any, folder: Path, language: str) -> dict[str, str]:
    """The language for Whisper, which has tokens like <|hu|>; nothing for who has none."""
    code = language.partition("-")[0]
    known = getattr(generation, "lang_to_id", None)
    if getattr(generation, "is_multilingual", None) is False and code != "en":
        raise UserError(f"The speech recognizer {folder} knows English alone, not '{language}'.")
    if not known:
        return {}
    if f"<|{code}|>" not in known:
        there = ", ".join(sorted(name.strip("<|>") for name in known))
        raise UserError(
            f"The speech recognizer {folder} does not know the language '{language}'. It knows "
            f"{there}."
        )
    return {"language": code, "task": "transcribe"}


def _writes(folder: Path) -> bool:
    """Whether it has a decoder that writes, as Whisper has; else it is a CTC model."""
    from transformers import AutoConfig
    from transformers.models.auto.modeling_auto import MODEL_FOR_SPEECH_SEQ_2_SEQ_MAPPING_NAMES

    config = read_part(AutoConfig.from_pretrained, folder, "configuration")
    return config.model_type in MODEL_FOR_SPEECH_SEQ_2_SEQ_MAPPING_NAMES
