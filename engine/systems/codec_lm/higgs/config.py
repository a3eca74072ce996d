"""What decides the shapes of a Higgs Audio v2: transformers' configuration, made or read."""

import json
from pathlib import Path
from typing import Any

from huggingface_hub.errors import StrictDataclassError
from transformers import HiggsAudioV2Config

from engine.errors import UserError
from engine.systems.codec_lm.higgs.tokens import (
    AUDIO_OUT,
    AUDIO_OUT_BOS,
    BEGIN_OF_TEXT,
    DELAY,
    END_OF_TEXT,
    END_OF_TURN,
    HiggsTokens,
)
from engine.systems.codec_lm.recipe import Scratch
from engine.systems.codec_lm.sequence.codebooks import Codebooks

CONFIG = "config.json"
_TYPE = "higgs_audio_v2"
_ROPE_THETA = 10_000.0
"""As in the first paper (Su et al., 2021): the released model's stretches over long contexts."""


def scratch_config(model: Scratch, codebooks: Codebooks, tokens: HiggsTokens) -> HiggsAudioV2Config:
    """The configuration of a model from scratch."""
    return HiggsAudioV2Config(
        hidden_size=model.dim,
        intermediate_size=model.ffn_dim,
        num_hidden_layers=model.num_layers,
        num_attention_heads=model.num_heads,
        num_key_value_heads=model.num_key_heads,
        head_dim=model.dim // model.num_heads,
        max_position_embeddings=model.max_positions,
        rope_parameters={"rope_type": "default", "rope_theta": _ROPE_THETA},
        vocab_size=tokens.num_tokens,
        pad_token_id=tokens.id_of(END_OF_TEXT),
        bos_token_id=tokens.id_of(BEGIN_OF_TEXT),
        eos_token_id=tokens.id_of(END_OF_TURN),
        **_of_codebooks(codebooks),
        **_of_marks(tokens),
    )


def published_config(folder: Path, codebooks: Codebooks, tokens: HiggsTokens) -> HiggsAudioV2Config:
    """The configuration of a published folder.

    Raises UserError where there is none, where it is none of Higgs Audio v2 in transformers'
    layout, and where it is not for these codebooks and tokens.
    """
    path = folder / CONFIG
    config = _read(path)
    if config.vocab_size < tokens.num_tokens:
        raise UserError(
            f"{path}: vocab_size is {config.vocab_size}, but the tokenizer has {tokens.num_tokens} "
            "tokens. Use the files that were published together."
        )
    for key, value in (_of_codebooks(codebooks) | _of_marks(tokens)).items():
        if getattr(config, key) != value:
            raise UserError(_other(path, config, key, value))
    return config


def _of_codebooks(codebooks: Codebooks) -> dict[str, Any]:
    """In transformers the begin and the end of a stream are among the codes of a codebook."""
    return {
        "num_codebooks": codebooks.num_codebooks,
        "codebook_size": codebooks.num_entries,
        "audio_stream_bos_id": codebooks.bos,
        "audio_stream_eos_id": codebooks.eos,
    }


def _of_marks(tokens: HiggsTokens) -> dict[str, Any]:
    return {
        "audio_token_id": tokens.id_of(AUDIO_OUT),
        "audio_bos_token_id": tokens.id_of(AUDIO_OUT_BOS),
        "audio_delay_token_id": tokens.id_of(DELAY),
    }


def _read(path: Path) -> HiggsAudioV2Config:
    given = _content(path)
    kind = given.get("model_type")
    if kind != _TYPE:
        raise UserError(
            f"{path}: model_type is {kind!r}, but only {_TYPE!r} can be used: Higgs Audio v2 as "
            "transformers reads it. `cantus fetch higgs_audio_v2` makes such a folder."
        )
    try:
        config = HiggsAudioV2Config.from_dict(given)
    except (StrictDataclassError, TypeError, ValueError, KeyError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{path} is no configuration that transformers reads: {reason}") from error
    _require_known(path, config)
    return config


def _content(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise UserError(
            f"There is no {CONFIG} in {path.parent}: name a folder of Higgs Audio v2 as "
            "transformers reads it. `cantus fetch higgs_audio_v2` makes one."
        )
    try:
        content = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise UserError(f"{path} is no JSON ({error}). Fetch it again.") from error
    if not isinstance(content, dict):
        raise UserError(f"{path} holds no table of settings. Fetch it again.")
    return content


def _require_known(path: Path, config: HiggsAudioV2Config) -> None:
    """What the shapes need to fit, and the network's own forward pass."""
    faults = {
        f"hidden_act {config.hidden_act!r}": config.hidden_act != "silu",
        "tied embeddings": config.tie_word_embeddings,
        "attention dropout": config.attention_dropout != 0.0,
        f"{config.num_key_value_heads} heads of keys for {config.num_attention_heads} heads": (
            config.num_attention_heads % config.num_key_value_heads != 0
        ),
    }
    named = [fault for fault, there in faults.items() if there]
    if named:
        raise UserError(
            f"{path} asks for {', '.join(named)}, which Higgs Audio v2 has not. Use the "
            f"{CONFIG} that was published with the weights."
        )


def _other(path: Path, config: HiggsAudioV2Config, key: str, value: int) -> str:
    """The sentence for a setting that is not the codec's or the tokenizer's."""
    given = f"{path}: {key} is {getattr(config, key)}"
    if key == "codebook_size":
        return (
            f"{given}, but the codec has {value - 2} codes in a codebook, which makes {value} with "
            "the begin and the end of a stream. Use the codec that the model was trained with."
        )
    if key in ("num_codebooks", "audio_stream_bos_id", "audio_stream_eos_id"):
        return (
            f"{given}, but by the codec it is {value}. Use the codec that the model was trained "
            "with, and as many of its codebooks."
        )
    return (
        f"{given}, but by the tokenizer it is {value}. Use the files that were published together."
    )
