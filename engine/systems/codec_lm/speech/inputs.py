"""Sequences as the forward of `transformers`' model takes them."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from transformers import HiggsAudioV2Config

from engine.systems.codec_lm.sequence.pieces import AudioPiece, Piece


def text_ids(config: HiggsAudioV2Config, pieces: Sequence[Piece]) -> Tensor:
    """One id per position, int64 [positions]: text, and marks where columns of audio stand.

    The last K - 1 columns of a clip have the mark of the delay, as the model's processor has it.
    """
    parts = []
    for piece in pieces:
        if isinstance(piece, AudioPiece):
            marks = piece.columns.new_full((len(piece.columns),), config.audio_token_id)
            marks[len(marks) - config.num_codebooks + 1 :] = config.audio_delay_token_id
            parts.append(marks)
        else:
            parts.append(piece.ids)
    return torch.cat(parts)


def audio_columns(config: HiggsAudioV2Config, pieces: Sequence[Piece]) -> Tensor:
    """The columns of all audio, int64 [columns, K]."""
    own = [piece.columns for piece in pieces if isinstance(piece, AudioPiece)]
    return torch.cat([torch.empty(0, config.num_codebooks, dtype=torch.long), *own])


def model_inputs(
    config: HiggsAudioV2Config, sequences: Sequence[Sequence[Piece]], device: torch.device
) -> dict[str, Any]:
    """Text padded on the left and columns padded on the right, as `generate` needs them.

    There are no columns where no sequence has audio.
    """
    texts = [text_ids(config, pieces) for pieces in sequences]
    columns = [audio_columns(config, pieces) for pieces in sequences]
    pad, fill = config.pad_token_id or 0, config.audio_stream_eos_id
    shown = [torch.ones_like(ids) for ids in texts]
    kept = [torch.ones(len(own), dtype=torch.bool) for own in columns]
    found = {
        "input_ids": pad_sequence(texts, True, pad, padding_side="left"),
        "attention_mask": pad_sequence(shown, True, 0, padding_side="left"),
    }
    if any(map(len, columns)):
        found["audio_input_ids"] = pad_sequence(columns, True, fill)
        found["audio_input_ids_mask"] = pad_sequence(kept, True, False)
    return {name: tensor.to(device) for name, tensor in found.items()}
