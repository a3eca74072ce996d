"""Speech recognisers in folders, whichever library wrote them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from engine.metrics.ctranslate2_recogniser import (
    CTranslate2Recogniser,
    check_ctranslate2,
    is_ctranslate2,
)
from engine.metrics.speech_recogniser import SpeechRecogniser, check_speech_recogniser

Recogniser = Callable[[np.ndarray, int], str]
"""Writes down speech [samples] at a rate in Hz, of at most 30 s."""


def check_recogniser(folder: Path, language: str) -> None:
    """Raise UserError where a folder holds no recogniser of a language; no weights are read."""
    if is_ctranslate2(folder):
        check_ctranslate2(folder, language)
    else:
        check_speech_recogniser(folder, language)


def load_recogniser(folder: Path, language: str, device: torch.device) -> Recogniser:
    """The recogniser of a folder, for a language ("hu"); CTranslate2's runs on the CPU.

    Raises UserError where `check_recogniser` does, or where weights are missing.
    """
    if is_ctranslate2(folder):
        return CTranslate2Recogniser.load(folder, language)
    return SpeechRecogniser.load(folder, language, device)
