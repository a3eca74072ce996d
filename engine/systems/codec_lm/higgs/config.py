"""The configuration of a Higgs Audio v2 as transformers has it: made, or read from a folder."""

from pathlib import Path
from typing import Any

from transformers import HiggsAudioV2Config

from engine.errors import RefusedValuesError, UserError
from engine.systems.codec_lm.higgs.folder import CONFIG, read_config
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

_ROPE_THETA = 10_000.0
"""Base of the rotary embedding (Su et al., 2021); the released model's suits long contexts."""


def scratch_sizes(model: Scratch) -> dict[str, Any]:
    """The sizes of a model from scratch, under their names in the configuration."""
    return {
        "hidden_size": model.dim,
        "intermediate_size": model.ffn_dim,
        "num_hidden_layers": model.num_layers,
        "num_attention_heads": model.num_heads,
        "num_key_value_heads": model.num_key_heads,
        "head_dim": model.dim // model.num_heads,
    }


def scratch_config(model: Scratch, codebooks: Codebooks, tokens: HiggsTokens) -> HiggsAudioV2Config:
    """The configuration of a model from scratch."""
    return HiggsAudioV2Config(
        **scratch_sizes(model),
        max_position_embeddings=model.max_positions,
        rope_parameters={"rope_type": "default", "rope_theta": _ROPE_THETA},
        vocab_size=tokens.num_tokens,
        pad_token_id=tokens.id_of(END_OF_TEXT),
        bos_token_id=tokens.id_of(BEGIN_OF_TEXT),
        eos_token_id=tokens.id_of(END_OF_TURN),
        num_codebooks=codebooks.num_codebooks,
        codebook_size=codebooks.num_entries,
        audio_stream_bos_id=codebooks.bos,
        audio_stream_eos_id=codebooks.eos,
        **_placeholders(tokens),
    )


def published_config(folder: Path, codebooks: Codebooks, tokens: HiggsTokens) -> HiggsAudioV2Config:
    """The configuration of a published folder.

    Raises UserError where there is no configuration, where it needs what the network does not
    compute, and where it is not for these codebooks and tokens.
    """
    path = folder / CONFIG
    config, _ = read_config(folder)
    _require_computed(config, path)
    _require_codebooks(config, path, codebooks)
    _require_tokens(config, path, tokens)
    return config


def codebooks_of(config: HiggsAudioV2Config) -> Codebooks:
    """The codebooks of a model; transformers counts the marks of a stream among the codes."""
    return Codebooks(config.num_codebooks, config.codebook_size - 2)


def _placeholders(tokens: HiggsTokens) -> dict[str, Any]:
    return {
        "audio_token_id": tokens.id_of(AUDIO_OUT),
        "audio_bos_token_id": tokens.id_of(AUDIO_OUT_BOS),
        "audio_delay_token_id": tokens.id_of(DELAY),
    }


def _require_computed(config: HiggsAudioV2Config, path: Path) -> None:
    heads, key_heads = config.num_attention_heads, config.num_key_value_heads
    faults = {
        "tied embeddings": config.tie_word_embeddings,
        f"attention dropout of {config.attention_dropout}": config.attention_dropout != 0.0,
        f"{heads} heads that share {key_heads} heads of keys": heads % (key_heads or heads) != 0,
    }
    named = [fault for fault, there in faults.items() if there]
    if named:
        raise UserError(
            f"{path} asks for {' and '.join(named)}, which no Higgs Audio v2 has. Use the "
            f"{CONFIG} that was published with the weights."
        )


def _require_codebooks(config: HiggsAudioV2Config, path: Path, codebooks: Codebooks) -> None:
    own = codebooks_of(config)
    if own != codebooks:
        raise RefusedValuesError(
            f"{path} is of a model for {own.num_codebooks} codebooks of {own.codebook_size} codes, "
            f"and the codec has {codebooks.num_codebooks} of {codebooks.codebook_size}. Name the "
            "codec that the model was trained with in [codec], and as many of its codebooks."
        )


def _require_tokens(config: HiggsAudioV2Config, path: Path, tokens: HiggsTokens) -> None:
    together = "Use the files that were published together."
    if config.vocab_size < tokens.num_tokens:
        raise UserError(
            f"{path}: vocab_size is {config.vocab_size}, but the tokenizer has {tokens.num_tokens} "
            f"tokens. {together}"
        )
    for key, number in _placeholders(tokens).items():
        if getattr(config, key) != number:
            raise UserError(
                f"{path}: {key} is {getattr(config, key)}, but by the tokenizer it is {number}. "
                f"{together}"
            )
