"""Loads the model that `cantus clone` is given."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from attrs import evolve, frozen

from engine.analysis.codec.open_codec import open_codec
from engine.errors import UserError
from engine.files.untrusted import read_json_object
from engine.system_support.trained_model import TrainedModel
from engine.system_support.voice_recording import Limits
from engine.systems.codec_lm.command_line.find_cloning_model import EXPORT
from engine.systems.codec_lm.files.export import CARD
from engine.systems.codec_lm.files.verify import load_exported
from engine.systems.codec_lm.higgs.chat import HiggsChat
from engine.systems.codec_lm.higgs.folder import read_config
from engine.systems.codec_lm.higgs.processor import CODEC
from engine.systems.codec_lm.higgs.template import INSTRUCTION
from engine.systems.codec_lm.higgs.tokens import HiggsTokens
from engine.systems.codec_lm.recipe import CodecLmRecipe, Dataset, Speech
from engine.systems.codec_lm.sequence.codebooks import Codebooks
from engine.systems.codec_lm.speech.cloner import Cloner


@frozen(eq=False)
class CloningModel:
    """A model with the settings of its recipe for generation."""

    cloner: Cloner
    speech: Speech
    reference: Limits
    """Longest reference of the training, in seconds."""


def open_cloning_model(
    found: TrainedModel[CodecLmRecipe] | Path,
    codec: Path | None,
    sampling: Mapping[str, Any],
    device: torch.device,
) -> CloningModel:
    """Load a model that `find_cloning_model` found.

    `sampling` are keys of [speech] that take the place of the recipe's; `codec` is the folder of
    its codec, where it has none of its own. Raises UserError where the model cannot be read, or
    the codec is not its own.
    """
    if isinstance(found, Path):
        dataset = Dataset(corpus="none", sample_rate_hz=24_000)
        return _opened(found, codec, evolve(Speech(), **sampling), dataset, device)
    speech = evolve(found.recipe.speech, **sampling)
    return _opened(found.export / EXPORT, codec, speech, found.recipe.dataset, device)


def _opened(
    folder: Path, codec: Path | None, speech: Speech, dataset: Dataset, device: torch.device
) -> CloningModel:
    cloner = _cloner(folder, codec, device)
    most = dataset.max_reference_seconds
    limits = Limits(
        cloner.codec.sample_rate_hz, dataset.min_seconds, most, f"3 to {most:g} s of speech"
    )
    return CloningModel(cloner, speech, limits)


def _cloner(folder: Path, codec: Path | None, device: torch.device) -> Cloner:
    config, is_legacy = read_config(folder)
    if is_legacy:
        raise UserError(
            f"{folder} has the layout used before April 2026, which transformers does not read. "
            "Name the folder of a model that was trained here (models/<recipe>/export/"
            f"{EXPORT}), or one that 'cantus fetch higgs_audio_v2' makes."
        )
    tokens = HiggsTokens.open(folder)
    card = read_json_object(folder / CARD) if (folder / CARD).is_file() else {}
    place = codec or folder / CODEC
    if not place.is_dir() and codec is None:
        raise UserError(
            f"{folder} has no folder '{CODEC}' with its codec: give --codec, the folder of the "
            "codec whose codes the model was trained on."
        )
    opened = open_codec(place, config.num_codebooks, device)
    known = card.get("codec")
    if known is not None and known != opened.digest:
        own = folder / CODEC
        raise UserError(
            f"{folder} was trained on codes of another codec than {place}. "
            + (f"Leave --codec out: its own lies in {own}." if codec else "Export it again.")
        )
    books = Codebooks(config.num_codebooks, config.audio_stream_bos_id)
    if opened.codebook_size != books.codebook_size:
        raise UserError(
            f"The codec of {place} has {opened.codebook_size} codes per codebook, and the model "
            f"of {folder} {books.codebook_size}: it was trained with another codec."
        )
    chat = HiggsChat(tokens, books, str(card.get("instruction", INSTRUCTION)))
    model: Any = load_exported(folder)
    return Cloner(model.to(device), chat, tokens.encode, opened)
