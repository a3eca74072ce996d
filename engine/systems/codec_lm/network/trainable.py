"""Which parameters are trained: all weights, or adapters beside frozen weights."""

from collections.abc import Mapping, Sequence

import torch
from torch import nn

from engine.errors import RefusedValuesError
from engine.nn.adapters import adapt
from engine.nn.precision import keep_frozen_in
from engine.systems.codec_lm.network.network import CodecLmNetwork
from engine.systems.codec_lm.recipe import Adapters

PROJECTIONS: Mapping[str, tuple[str, ...]] = {
    "attention": tuple(f"self_attn.{name}_proj" for name in "qkvo"),
    "audio_expert": tuple(f"audio_mlp.{name}_proj" for name in ("gate", "up", "down")),
    "text_expert": tuple(f"mlp.{name}_proj" for name in ("gate", "up", "down")),
}
"""Linear layers of a decoder layer, by what a recipe names, in transformers' names."""


def choose_trainable(
    network: CodecLmNetwork,
    adapters: Adapters | None,
    learned: torch.dtype,
    computed_in: torch.dtype,
) -> None:
    """Make all weights trainable, kept in the type `learned`; or only adapters, in float32.

    Beside adapters, weights of linear layers are frozen and kept in the type that is computed in.
    Raises UserError where the rank of the adapters is not below the model's width.
    """
    if adapters is None:
        network.keep_weights_in(learned)
        return
    adapt_network(network, network.model.config.hidden_size, adapters)
    keep_frozen_in(network, computed_in)


def adapted_names(network: nn.Module, layers: Sequence[str]) -> list[str]:
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
        raise RefusedValuesError(
            f"adapters.rank = {adapters.rank} must be below the model's width of {width}. Ranks of "
            "8 to 64 are usual."
        )
    names = adapted_names(network, adapters.layers)
    adapt(network, names, adapters.rank, adapters.alpha, adapters.dropout)
