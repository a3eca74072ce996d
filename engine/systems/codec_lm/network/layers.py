"""Layers with an expert for text and one for audio, which share their attention (DualFFN).

Higgs Audio v2's. The two streams stay apart, so that each expert is given a slice.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from engine.systems.codec_lm.network.rows import Rows
from engine.systems.codec_lm.sequence.packing import Packed


def through_layers(
    layers: Iterable[nn.Module], text: Tensor, audio: Tensor, packed: Packed, rows: Rows, keep: bool
) -> Tensor:
    """States of the asked positions, [asked, dim], of text [N, dim] and audio [M, dim].

    No other position is needed after the last layer's attention, so that the last layer's experts
    skip it. Without `keep`, layers are computed again in backward (Chen et al., 2016).
    """
    *inner, last = layers
    for layer in inner:
        text, audio = _run(keep, _layer, layer, text, audio, rows)
    return torch.cat(_run(keep, _last_layer, last, text, audio, rows, packed))


def _run(keep: bool, layer: Any, *args: Any) -> tuple[Tensor, Tensor]:
    if keep or not torch.is_grad_enabled():
        text, audio = layer(*args)
    else:
        text, audio = checkpoint(layer, *args, use_reentrant=False)
    return text, audio


def _layer(layer: Any, text: Tensor, audio: Tensor, rows: Rows) -> tuple[Tensor, Tensor]:
    attended = rows.attended(layer.self_attn, _normed(layer, text, audio), rows.slots)
    return _after_attention(layer, text, audio, attended)


def _last_layer(
    layer: Any, text: Tensor, audio: Tensor, rows: Rows, packed: Packed
) -> tuple[Tensor, Tensor]:
    wanted = rows.slots[packed.asked]
    attended = rows.attended(layer.self_attn, _normed(layer, text, audio), wanted)
    text = text.index_select(0, packed.asked_text)
    audio = audio.index_select(0, packed.asked_audio)
    return _after_attention(layer, text, audio, attended)


def _normed(layer: Any, text: Tensor, audio: Tensor) -> Tensor:
    return torch.cat([layer.input_layernorm(text), layer.audio_input_layernorm(audio)])


def _after_attention(
    layer: Any, text: Tensor, audio: Tensor, attended: Tensor
) -> tuple[Tensor, Tensor]:
    to_text, to_audio = layer.self_attn.o_proj(attended).split([len(text), len(audio)])
    text, audio = text + to_text, audio + to_audio
    text = text + layer.mlp(layer.post_attention_layernorm(text))
    return text, audio + layer.audio_mlp(layer.audio_post_attention_layernorm(audio))
