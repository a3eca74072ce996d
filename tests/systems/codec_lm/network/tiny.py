"""Tiny models, conversations with a reference voice, and these as transformers reads them."""

from collections.abc import Sequence

import torch
from torch import Tensor

from engine.systems.codec_lm.higgs.chat import HiggsChat
from engine.systems.codec_lm.higgs.config import scratch_config
from engine.systems.codec_lm.higgs.tokens import new_tokens
from engine.systems.codec_lm.network.network import CodecLmNetwork
from engine.systems.codec_lm.recipe import Scratch
from engine.systems.codec_lm.sequence.codebooks import Codebooks
from engine.systems.codec_lm.sequence.delay import IGNORED
from engine.systems.codec_lm.sequence.packing import Packed, pack
from engine.systems.codec_lm.sequence.pieces import AudioPiece, Piece, TextPiece
from tests.systems.codec_lm.sequence_ids import input_ids

BOOKS = Codebooks(num_codebooks=4, codebook_size=16)
CHAT = HiggsChat(
    new_tokens(["a voice", "the voice of another"], "Generate audio.", 300), BOOKS, "Speak."
)
MODEL = Scratch(num_layers=2, dim=32, num_heads=4, num_key_heads=2, ffn_dim=48, max_positions=256)
LENGTHS = ((3, 4, 6, 9), (5, 2, 8, 5), (2, 6, 3, 12))
"""Of the texts and codes of three conversations: all of different lengths."""


def fresh_network(seed: int, *, activation_checkpointing: bool = False) -> CodecLmNetwork:
    """Before it has learned."""
    torch.manual_seed(seed)
    config = scratch_config(MODEL, BOOKS, CHAT.tokens)
    return CodecLmNetwork(config, activation_checkpointing=activation_checkpointing)


def tiny_network(*, activation_checkpointing: bool = False) -> CodecLmNetwork:
    """Its weights are no fresh ones: each has an effect."""
    network = fresh_network(0, activation_checkpointing=activation_checkpointing)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return network


def conversations() -> list[list[Piece]]:
    """Of random texts and codes, by torch's seed 1."""
    torch.manual_seed(1)
    return [_conversation(*lengths) for lengths in LENGTHS]


def packed(sequences: Sequence[list[Piece]] | None = None) -> Packed:
    """Of all conversations, or of these."""
    return pack(conversations() if sequences is None else sequences, "cpu")


def inputs_of_transformers(
    sequences: Sequence[Sequence[Piece]], *, padded_left: bool = False
) -> dict[str, Tensor]:
    """Inputs and labels of transformers' own forward, padded to one length."""
    side = "left" if padded_left else "right"
    ids = [input_ids(CHAT, pieces) for pieces in sequences]
    pad = CHAT.tokens.id_of("<|end_of_text|>")
    columns = [torch.cat([p.columns for p in s if isinstance(p, AudioPiece)]) for s in sequences]
    labels = [torch.cat([p.labels for p in s if isinstance(p, AudioPiece)]) for s in sequences]
    return {
        "input_ids": _padded(ids, pad, side),
        "attention_mask": _padded([torch.ones_like(row) for row in ids], 0, side),
        "audio_input_ids": _padded(columns, BOOKS.eos, "right"),
        "audio_input_ids_mask": _padded([torch.ones(len(c)) for c in columns], 0, "right").bool(),
        "labels": _padded([_text_labels(pieces) for pieces in sequences], IGNORED, side),
        "audio_labels": _padded(labels, IGNORED, "right"),
    }


def _conversation(
    num_text: int, num_reference_text: int, reference: int, target: int
) -> list[Piece]:
    size, books = CHAT.tokens.num_tokens, (BOOKS.num_codebooks,)
    return CHAT.pieces(
        torch.randint(20, size, (num_text,)),
        torch.randint(20, size, (num_reference_text,)),
        torch.randint(BOOKS.codebook_size, (reference, *books)),
        torch.randint(BOOKS.codebook_size, (target, *books)),
    )


def _text_labels(pieces: Sequence[Piece]) -> Tensor:
    return torch.cat(
        [
            piece.ids.where(piece.learned, IGNORED)
            if isinstance(piece, TextPiece)
            else torch.full((len(piece.columns),), IGNORED)
            for piece in pieces
        ]
    )


def _padded(rows: Sequence[Tensor], value: int, side: str) -> Tensor:
    return torch.nn.utils.rnn.pad_sequence(list(rows), True, value, padding_side=side)
