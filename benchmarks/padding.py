"""The share of padding in batches of sequences, and of a layer's work on it."""

from collections.abc import Sequence

from transformers import HiggsAudioV2Config

Lengths = Sequence[Sequence[int]]
"""Positions of each sequence, batch by batch."""


def padding(batches: Lengths) -> float:
    """Share of the positions of rows that are as long as the longest of their batch."""
    return 1 - sum(map(sum, batches)) / sum(max(batch) * len(batch) for batch in batches)


def work_on_padding(batches: Lengths, config: HiggsAudioV2Config) -> float:
    """Share of a layer's multiply-adds that are spent on padding in attention, and nowhere else.

    All pairs of positions are counted, though a causal kernel may leave out half of them.
    """
    inner = config.num_attention_heads * config.head_dim
    keys = config.num_key_value_heads * config.head_dim
    projections = config.hidden_size * (2 * inner + 2 * keys)
    linear = projections + 3 * config.hidden_size * config.intermediate_size  # of one expert
    token_wise = linear * sum(map(sum, batches))
    needed = sum(2 * inner * length**2 for batch in batches for length in batch)
    spent = sum(2 * inner * max(batch) ** 2 * len(batch) for batch in batches)
    return 1 - (token_wise + needed) / (token_wise + spent)
