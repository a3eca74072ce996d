"""Speech recognizers in folders, whichever library wrote them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from engine.metrics.ctranslate2_recognizer import (
    CTranslate2Recognizer,
    check_ctranslate2,
    is_ctranslate2,
)
from engine.metrics.speech_recogniser import SpeechRecognizer, check_speech_recognizer

Recognizer = Callable[[np.ndarray, int], str]
"""Writes down speech [samples] at a rate in Hz, of at most 30 s."""


def check_recognizer(folder: Path, language: str) -> None:
    """Raise UserError where a folder holds no recognizer of a language; no weights are read."""
    if is_ctranslate2(folder):
        check_ctranslate2(folder, language)
    else:
        check_speech_recognizer(folder, language)


def load_recognizer(folder: Path, language: str, device: torch.device) -> Recognizer:
    """The recognizer of a folder, for a language ("hu"); CTranslate2's runs on the CPU.

    Raises UserError where `check_recognizer` does, or where weights are missing.
    """
    if is_ctranslate2(folder):
        return CTranslate2Recognizer.load(folder, language)
    return SpeechRecognizer.load(folder, language, device)
