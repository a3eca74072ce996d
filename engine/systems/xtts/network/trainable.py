"""Which parameters of the GPT are trained: all, all but some parts, or adapters."""

from collections.abc import Mapping

from engine.errors import RefusedValuesError
from engine.nn.adapters import adapt
from engine.systems.xtts.network.gpt import XttsGpt
from engine.systems.xtts.recipe import Adapters, Freeze

PARTS: Mapping[str, tuple[str, ...]] = {
    "conditioning": ("conditioning_encoder", "conditioning_perceiver"),
    "text_embedding": ("text_embedding", "text_pos_embedding"),
    "text_head": ("text_head",),
    "audio_embedding": ("mel_embedding", "mel_pos_embedding"),
    "audio_head": ("mel_head",),
    "transformer": ("gpt", "final_norm"),
}
"""The modules of each part that a recipe can name; every parameter is in one of them."""
_LINEAR = {
    "attention.in": "attn.c_attn",
    "attention.out": "attn.c_proj",
    "feed_forward.in": "mlp.c_fc",
    "feed_forward.out": "mlp.c_proj",
}


def choose_trainable(
    network: XttsGpt, freeze: Freeze | None = None, adapters: Adapters | None = None
) -> None:
    """Freeze the recipe's parts, or everything but adapters; without both tables, train all.

    A frozen parameter needs no gradient and has no optimizer's state. Raises UserError where the
    GPT has not so many layers, or is not wider than the rank.
    """
    assert freeze is None or adapters is None, "the recipe's checks see to it"
    if freeze is not None:
        _freeze(network, freeze)
    if adapters is not None:
        _adapt(network, adapters)


def _freeze(network: XttsGpt, freeze: Freeze) -> None:
    num_layers = network.settings.num_layers
    if freeze.layers > num_layers:
        raise RefusedValuesError(
            f"freeze.layers = {freeze.layers}, but the transformer has {num_layers} layers."
        )
    for part in freeze.parts:
        _let_learn(network, part, learns=False)
    network.gpt.h[: freeze.layers].requires_grad_(False)


def _adapt(network: XttsGpt, adapters: Adapters) -> None:
    width = network.settings.dim
    if adapters.rank >= width:
        raise RefusedValuesError(
            f"adapters.rank = {adapters.rank} must be below the GPT's width of {width}. Ranks of 4 "
            "to 64 are usual."
        )
    names = [
        f"gpt.h.{number}.{_LINEAR[name]}"
        for number in range(network.settings.num_layers)
        for name in adapters.layers
    ]
    adapt(network, names, adapters.rank, adapters.alpha, adapters.dropout)
    for part in adapters.also:
        _let_learn(network, part, learns=True)


def _let_learn(network: XttsGpt, part: str, *, learns: bool) -> None:
    for module in PARTS[part]:
        network.get_submodule(module).requires_grad_(learns)
