"""A Higgs Audio v2 of 30,000 parameters, its tokenizer and a codec, in the formats of the real."""

from functools import lru_cache
from pathlib import Path

import torch
from transformers import (
    DacConfig,
    DacFeatureExtractor,
    DacModel,
    HiggsAudioV2Config,
    HiggsAudioV2ForConditionalGeneration,
)

from engine.metrics.pretrained import quiet
from engine.systems.codec_lm.higgs.tokens import (
    AUDIO_OUT,
    AUDIO_OUT_BOS,
    BEGIN_OF_TEXT,
    DELAY,
    END_OF_TEXT,
    END_OF_TURN,
    HiggsTokens,
    new_tokens,
)

CODEBOOKS, CODES, RATE_HZ, HOP = 4, 16, 8_000, 16


@lru_cache
def tiny_tokens() -> HiggsTokens:
    """A tokenizer of two sentences."""
    return new_tokens(["one two three", "four five six"], "Speak.", 300)


def tiny_config(**changed: object) -> HiggsAudioV2Config:
    """Two layers of 32 for 4 codebooks of 16 codes."""
    tokens = tiny_tokens()
    values = {
        "vocab_size": tokens.num_tokens,
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 8,
        "max_position_embeddings": 2048,
        "bos_token_id": tokens.id_of(BEGIN_OF_TEXT),
        "eos_token_id": tokens.id_of(END_OF_TURN),
        "pad_token_id": tokens.id_of(END_OF_TEXT),
        "num_codebooks": CODEBOOKS,
        "codebook_size": CODES + 2,
        "audio_stream_bos_id": CODES,
        "audio_stream_eos_id": CODES + 1,
        "audio_token_id": tokens.id_of(AUDIO_OUT),
        "audio_bos_token_id": tokens.id_of(AUDIO_OUT_BOS),
        "audio_delay_token_id": tokens.id_of(DELAY),
    }
    return HiggsAudioV2Config(**{**values, **changed})


def tiny_model(**changed: object) -> HiggsAudioV2ForConditionalGeneration:
    """Initialised with a seed of its own, in float32."""
    with torch.random.fork_rng():
        torch.manual_seed(7)
        model = HiggsAudioV2ForConditionalGeneration(tiny_config(**changed), use_text_head=True)
        with torch.no_grad():
            for value in model.parameters():
                value.add_(torch.randn_like(value) * 0.05)
    return model.eval()


def write_codec(folder: Path, num_codebooks: int = CODEBOOKS) -> None:
    """A codec as the codec system exports it; what it decodes is noise."""
    config = DacConfig(
        encoder_hidden_size=4,
        downsampling_ratios=[4, 4],
        decoder_hidden_size=8,
        n_codebooks=num_codebooks,
        codebook_size=CODES,
        codebook_dim=4,
        sampling_rate=RATE_HZ,
    )
    with quiet(), torch.random.fork_rng():
        torch.manual_seed(7)
        DacModel(config).save_pretrained(folder)
        DacFeatureExtractor(sampling_rate=RATE_HZ, hop_length=HOP).save_pretrained(folder)


def write_published(folder: Path, **how: object) -> HiggsAudioV2ForConditionalGeneration:
    """A folder as the released model's: configuration, weights and tokenizer."""
    model = tiny_model()
    with quiet():
        model.save_pretrained(folder, **how)
    (folder / "tokenizer.json").write_text(tiny_tokens().content)
    return model
