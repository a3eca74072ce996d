"""An exported GPT, or a published one, as it speaks: its folder is all that is needed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from attrs import frozen
from safetensors import SafetensorError
from safetensors.torch import load_file

from engine.errors import UserError
from engine.files.untrusted import as_user_error, read_json_object
from engine.systems.xtts.data.audio_codes import AudioCodes
from engine.systems.xtts.files.differences import load_strictly
from engine.systems.xtts.files.export import CARD, CENTROIDS
from engine.systems.xtts.files.published import CONFIG, MODEL, VOCABULARY, read_config
from engine.systems.xtts.files.weights import XttsWeights, read_weights
from engine.systems.xtts.network.gpt import GptSettings, XttsGpt
from engine.systems.xtts.network.kmeans import KmeansCodes
from engine.systems.xtts.network.mel import ConditioningMel
from engine.systems.xtts.network.vocoder import HifiDecoder, VocoderSettings
from engine.systems.xtts.recipe import Speech
from engine.systems.xtts.speech.read_aloud import Reader, sampling_of
from engine.systems.xtts.speech.speak import ByCodes, ByVocoder
from engine.systems.xtts.text.tokenizer import Tokenizer

_CODES_PER_CHARACTER = 1.4
"""A reader of English; an export says what its evaluation clips have."""


@frozen(eq=False)
class Exported:
    """A model that speaks."""

    reader: Reader
    tokenizer: Tokenizer


def read_exported(folder: Path, speech: Speech, device: torch.device) -> Exported:
    """Load a folder with model.pth, config.json and vocab.json, to speak as `speech` says.

    Raises UserError where a file is missing, damaged, or does not fit the others, and where the
    folder has neither a vocoder nor the centroids that its codes stand for.
    """
    tokenizer = Tokenizer.open(folder / VOCABULARY)
    config, weights = read_config(folder / CONFIG), read_weights(folder / MODEL)
    if weights.mel_stats is None:
        raise UserError(f"{folder / MODEL} has no mel_stats, so no voice can be taken with it.")
    settings = GptSettings.of_config(
        config,
        num_text_tokens=tokenizer.num_tokens,
        start_text_token=tokenizer.start_token,
        stop_text_token=tokenizer.stop_token,
    )
    gpt = XttsGpt(settings)
    load_strictly(gpt, weights.gpt, folder / MODEL)
    vocoder = _vocoder(folder, weights, config, device)
    mel = ConditioningMel(weights.mel_stats.float())
    reader = Reader(
        gpt.eval().requires_grad_(False).to(device),
        mel.to(device),
        ByVocoder(vocoder) if vocoder is not None else _by_codes(folder, weights),
        None if vocoder is None else vocoder.speaker_encoder,
        sampling_of(speech),
        _codes_per_character(folder / CARD),
    )
    return Exported(reader, tokenizer)


def _vocoder(
    folder: Path, weights: XttsWeights, config: Mapping[str, Any], device: torch.device
) -> HifiDecoder | None:
    if not weights.decoder:
        return None
    vocoder = HifiDecoder(VocoderSettings.of_config(config))
    load_strictly(vocoder, weights.decoder, folder / MODEL)
    return vocoder.eval().requires_grad_(False).to(device)


def _by_codes(folder: Path, weights: XttsWeights) -> ByCodes:
    path = folder / CENTROIDS
    if not path.is_file():
        raise UserError(
            f"{folder} holds neither a vocoder nor {CENTROIDS}, without which the codes of its GPT "
            "cannot be decoded: it was exported by an earlier version. Train the recipe again."
        )
    with as_user_error(f"{path} is damaged: train the recipe again.", SafetensorError):
        centroids = load_file(path)["centroids"]
    assert weights.mel_stats is not None, "the caller sees to it"
    return ByCodes(AudioCodes(KmeansCodes(centroids), weights.mel_stats.float()))


def _codes_per_character(card: Path) -> float:
    facts = read_json_object(card) if card.is_file() else {}
    with as_user_error(f"{card} is damaged: train the recipe again."):
        return float(facts.get("codes_per_character", _CODES_PER_CHARACTER))
