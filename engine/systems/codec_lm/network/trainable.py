"""What is learned: all weights, or adapters beside weights that stay as they are."""

from collections.abc import Mapping, Sequence

import torch
from torch import nn

from engine.errors import UserError
from engine.nn.adapters import adapt
from engine.nn.precision import keep_frozen_in
from engine.systems.codec_lm.recipe import Adapted, Adapters

PROJECTIONS: Mapping[Adapted, tuple[str, ...]] = {
    "attention": tuple(f"self_attn.{name}_proj" for name in "qkvo"),
    "audio_expert": tuple(f"audio_mlp.{name}_proj" for name in ("gate", "up", "down")),
    "text_expert": tuple(f"mlp.{name}_proj" for name in ("gate", "up", "down")),
}
"""Linear layers of a decoder layer, by what a recipe names, in transformers' names."""


def choose_trainable(
    network: nn.Module,
    width: int,
    adapters: Adapters | None,
    learned: torch.dtype,
    kept: torch.dtype,
) -> None:
    """Give a network the recipe's adapters, if any, and freeze the weights beside them.

    `width` is the model's. Learned weights have the type `learned`, frozen ones of linear layers
    `kept`. Raises UserError where the rank is not below the width.
    """
    if adapters is None:
        network.to(learned)
        return
    adapt_network(network, width, adapters)
    keep_frozen_in(network, kept)
    for parameter in network.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.to(learned)


def adapted_names(network: nn.Module, layers: Sequence[Adapted]) -> list[str]:
    """Full names of the linear layers that a recipe's `adapters.layers` stand for.

    By their last two parts: by the last alone "gate_proj" would be of either expert.
    """
    ends = {end for layer in layers for end in PROJECTIONS[layer]}
    return [name for name, _ in network.named_modules() if ".".join(name.split(".")[-2:]) in ends]


def adapt_network(network: nn.Module, width: int, adapters: Adapters) -> None:
    """Freeze a network and give it the recipe's adapters.

    `width` is the model's. Raises UserError where the rank is not below it.
    """
    if adapters.rank >= width:
        raise UserError(
            f"adapters.rank = {adapters.rank} is no low rank: the model is {width} wide. Ranks of "
            "8 to 64 are usual."
        )
    names = adapted_names(network, adapters.layers)
    adapt(network, names, adapters.rank, adapters.alpha, adapters.dropout)
