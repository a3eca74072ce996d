"""What of the network is learned: all of it, or adapters beside weights that stay as they are."""

from collections.abc import Mapping

import torch

from engine.errors import UserError
from engine.nn.adapters import adapt, adapters_of
from engine.systems.codec_lm.network.network import CodecLmNetwork
from engine.systems.codec_lm.recipe import Adapted, Adapters

LINEAR: Mapping[Adapted, tuple[str, ...]] = {
    "attention": (
        "self_attn.q_proj",
        "self_attn.k_proj",
        "self_attn.v_proj",
        "self_attn.o_proj",
    ),
    "audio_expert": ("audio_mlp.gate_proj", "audio_mlp.up_proj", "audio_mlp.down_proj"),
    "text_expert": ("mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"),
}
"""Linear layers of a block that a recipe can name, as transformers calls them."""
_LAYERS = "model.model.layers"


def choose_trainable(
    network: CodecLmNetwork, adapters: Adapters | None, learned: torch.dtype, kept: torch.dtype
) -> None:
    """Give the network the recipe's adapters, if any, and freeze the weights beside them.

    Learned weights have the type `learned`, frozen ones `kept`. Raises UserError where the network
    is not wider than the rank.
    """
    if adapters is None:
        network.to(learned)
        return
    width = network.model.config.hidden_size
    if adapters.rank >= width:
        raise UserError(
            f"adapters.rank = {adapters.rank} is no low rank: the model is {width} wide. Ranks of "
            "8 to 64 are usual."
        )
    network.to(kept)
    adapt(network, _adapted(network, adapters), adapters.rank, adapters.alpha, adapters.dropout)
    own = adapters_of(network.state_dict()).keys()
    for name, parameter in network.named_parameters():
        if name in own:
            parameter.data = parameter.data.to(learned)


def _adapted(network: CodecLmNetwork, adapters: Adapters) -> list[str]:
    """Full names of the layers that the recipe adapts."""
    return [
        f"{_LAYERS}.{layer}.{name}"
        for layer in range(network.model.config.num_hidden_layers)
        for part in adapters.layers
        for name in LINEAR[part]
    ]
