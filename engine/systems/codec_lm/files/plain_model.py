"""A model of transformers' class of weights without adapters, with no second copy of them."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from transformers import HiggsAudioV2Config, HiggsAudioV2ForConditionalGeneration

from engine.metrics.pretrained import quiet


def plain_model(
    config: HiggsAudioV2Config, state: Mapping[str, Tensor]
) -> HiggsAudioV2ForConditionalGeneration:
    """A model in evaluation mode that holds these very tensors.

    `state` is that of `HiggsAudioV2ForConditionalGeneration` with its text head. Where its tensors
    are of several types, those of the rarer types are converted to the commonest: transformers
    reads a folder in one type.
    """
    kind = commonest_type(state)
    with quiet():
        made: Any = HiggsAudioV2ForConditionalGeneration.from_pretrained(
            None,
            config=config,
            state_dict={name: value.to(kind) for name, value in state.items()},
            use_text_head=True,
            dtype=kind,
            output_loading_info=True,
        )
    model, found = made
    odd = {*found["missing_keys"], *found["unexpected_keys"], *found["mismatched_keys"]}
    assert not odd, f"the weights are not of this configuration: {sorted(odd)[:3]}"
    plain: HiggsAudioV2ForConditionalGeneration = model.eval().requires_grad_(False)
    return plain


def commonest_type(state: Mapping[str, Tensor]) -> torch.dtype:
    """The type of most of the numbers."""
    sizes: dict[torch.dtype, int] = {}
    for value in state.values():
        sizes[value.dtype] = sizes.get(value.dtype, 0) + value.numel()
    return max(sizes, key=sizes.__getitem__)
