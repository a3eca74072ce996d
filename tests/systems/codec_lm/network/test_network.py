"""What the network computes is what transformers computes, of each clip alone."""

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from engine.systems.codec_lm.network.network import CodecLmNetwork
from engine.systems.codec_lm.sequence.pieces import AudioPiece, Piece, TextPiece
from tests.systems.codec_lm.network.tiny import (
    BOOKS,
    conversations,
    for_transformers,
    packed,
    tiny_network,
)


def _audio_logits(network: CodecLmNetwork, sequences: Sequence[list[Piece]]) -> list[Tensor]:
    """transformers' audio logits of each conversation, [positions, K, entries]."""
    rows = []
    for pieces in sequences:
        inputs = for_transformers([pieces])
        logits = network.model(**{k: v for k, v in inputs.items() if "labels" not in k}).logits
        rows.append(logits[0].unflatten(-1, (BOOKS.num_codebooks, BOOKS.num_entries)))
    return rows


@torch.no_grad()
def test_audio_logits_are_those_of_transformers_before_each_learned_column() -> None:
    network, sequences = tiny_network(), conversations()
    expected = []
    for logits, pieces in zip(_audio_logits(network, sequences), sequences, strict=True):
        start = sum(len(p.ids) if isinstance(p, TextPiece) else len(p.columns) for p in pieces[:-2])
        target = pieces[-2]
        assert isinstance(target, AudioPiece)
        expected.append(logits[start : start + len(target.columns) - 1])
    _, ours = network.logits(packed(sequences))
    torch.testing.assert_close(ours, torch.cat(expected), rtol=0, atol=1e-5)


@pytest.mark.parametrize("padded_left", [False, True])
def test_loss_and_gradients_are_those_of_transformers_for_padded_batches(padded_left: bool) -> None:
    network, sequences = tiny_network(), conversations()
    inputs = for_transformers(sequences, padded_left=padded_left)
    theirs = network.model(**inputs).loss
    theirs.backward()
    expected = {
        name: p.grad.clone() for name, p in network.named_parameters() if p.grad is not None
    }
    network.zero_grad()
    cost = network(packed(sequences))
    ours = BOOKS.num_codebooks * cost.audio_ce + cost.text_ce
    ours.backward()
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-5)
    assert len(expected) == len(list(network.parameters()))
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        torch.testing.assert_close(parameter.grad, expected[name], rtol=0, atol=2e-6, msg=name)
        assert parameter.grad.abs().max() > 0, name
