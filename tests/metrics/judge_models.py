"""Tiny models of random weights in folders of `transformers`, and a second of noise for them."""

import json

import numpy as np
import torch

LETTERS = ["<pad>", "<s>", "</s>", "<unk>", "|", *"abcdefghijklmnopqrstuvwxyzáéő"]


def noise(seconds=1.0, seed=0, rate=16_000):
    """Noise [samples]."""
    samples = np.random.default_rng(seed).normal(0, 0.1, round(seconds * rate))
    return samples.astype(np.float32)


def write_ctc(folder):
    """A Wav2Vec2 that spells letters."""
    from transformers import Wav2Vec2Config, Wav2Vec2ForCTC

    torch.manual_seed(0)
    more = {"vocab_size": len(LETTERS), "pad_token_id": 0, "mask_time_prob": 0.05}
    _wav2vec2(Wav2Vec2ForCTC, Wav2Vec2Config, folder, **more)
    _write_letters(folder)
    return folder


def write_speaker_encoder(folder):
    """A WavLM with an x-vector on top."""
    from transformers import WavLMConfig, WavLMForXVector

    torch.manual_seed(0)
    more = {"tdnn_dim": (16, 16), "tdnn_kernel": (3, 1), "tdnn_dilation": (1, 1)}
    _wav2vec2(WavLMForXVector, WavLMConfig, folder, **more, xvector_output_dim=8)
    return folder


def write_whisper(folder, languages=("en", "hu")):
    """A Whisper of a handful of tokens, with the languages it is told of."""
    from transformers import (
        GenerationConfig,
        WhisperConfig,
        WhisperFeatureExtractor,
        WhisperForConditionalGeneration,
    )

    torch.manual_seed(0)
    tokenizer = _whisper_tokenizer(languages)
    ids = tokenizer.convert_tokens_to_ids
    start, end = ids("<|startoftranscript|>"), ids("<|endoftext|>")
    config = WhisperConfig(
        vocab_size=len(tokenizer), num_mel_bins=80, d_model=16, encoder_layers=1, decoder_layers=1,
        encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=16,
        decoder_ffn_dim=16, max_target_positions=16, decoder_start_token_id=start,
        bos_token_id=end, eos_token_id=end, pad_token_id=end,
    )  # fmt: skip
    network = WhisperForConditionalGeneration(config)
    network.generation_config = GenerationConfig(
        decoder_start_token_id=start, bos_token_id=end, eos_token_id=end, pad_token_id=end,
        max_length=12, is_multilingual=len(languages) > 1,
        lang_to_id={f"<|{one}|>": ids(f"<|{one}|>") for one in languages},
        task_to_id={name: ids(f"<|{name}|>") for name in ("translate", "transcribe")},
        no_timestamps_token_id=ids("<|notimestamps|>"), begin_suppress_tokens=[end],
        suppress_tokens=list(range(start, len(tokenizer))),
    )  # fmt: skip
    for part in (network, tokenizer, WhisperFeatureExtractor()):
        part.save_pretrained(folder)
    return folder


def _wav2vec2(kind, config, folder, **more):
    from transformers import Wav2Vec2FeatureExtractor

    small = config(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        conv_dim=(8, 8), conv_stride=(10, 32), conv_kernel=(10, 32), num_feat_extract_layers=2,
        num_conv_pos_embeddings=4, num_conv_pos_embedding_groups=2,
        **{"mask_time_prob": 0.0, **more},
    )  # fmt: skip
    kind(small).save_pretrained(folder)
    Wav2Vec2FeatureExtractor().save_pretrained(folder)


def _write_letters(folder):
    from transformers import Wav2Vec2CTCTokenizer

    path = folder / "vocab.json"
    path.write_text(json.dumps({letter: place for place, letter in enumerate(LETTERS)}))
    Wav2Vec2CTCTokenizer(str(path)).save_pretrained(folder)


def _whisper_tokenizer(languages):
    from transformers import WhisperTokenizer

    special = ["<|startoftranscript|>", *(f"<|{one}|>" for one in languages)]
    special += ["<|translate|>", "<|transcribe|>", "<|startofprev|>", "<|nospeech|>"]
    words = {"<|endoftext|>": 0} | {letter: n for n, letter in enumerate("abcdefgh", start=1)}
    tokenizer = WhisperTokenizer(vocab=words, merges=[])
    tokenizer.add_special_tokens({"additional_special_tokens": [*special, "<|notimestamps|>"]})
    return tokenizer
