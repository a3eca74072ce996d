"""Likely reasons why weights do not fit a network of XTTS."""

import re
from collections.abc import Sequence

from torch import nn

from engine.training import weights_fit
from engine.training.weights_fit import Differences, Reason, Tensors


def differences(own: Tensors, given: Tensors) -> Differences:
    """Compare a network's state dict with the weights that it is to have; values do not count."""
    return weights_fit.differences(own, given, _REASONS)


def load_strictly(network: nn.Module, given: Tensors, source: object) -> None:
    """Give a network exactly these weights, as `weights_fit.load_strictly` does."""
    weights_fit.load_strictly(network, given, source, _REASONS)


def _foreign(own: Tensors, given: Tensors) -> str | None:
    if own.keys() & given.keys():
        return None
    what = "It is a DVAE." if "codebook.embed" in given else "It is of something else."
    return f"No tensor has a name of this network's. {what}"


def _first_version(own: Tensors, given: Tensors) -> str | None:
    if "conditioning_perceiver.latents" in own and "prompt_embedding.weight" in given:
        return "They are the weights of XTTS v1, which has no perceiver; XTTS v2 is needed."
    return None


def _layers(own: Tensors, given: Tensors) -> str | None:
    ours, theirs = _num_layers(own), _num_layers(given)
    if not theirs or ours == theirs:
        return None
    return f"Another architecture: the weights have {theirs} layers, and the model {ours}."


def _width(own: Tensors, given: Tensors) -> str | None:
    ours, theirs = _size(own, "final_norm.weight"), _size(given, "final_norm.weight")
    if ours == theirs or theirs is None:
        return None
    return f"Another architecture: the weights are {theirs} wide, and the model {ours}."


def _rows(name: str, sentence: str) -> Reason:
    """A reason that holds where a table of the same width has other rows."""

    def reason(own: Tensors, given: Tensors) -> str | None:
        ours, theirs = _size(own, name), _size(given, name)
        if ours is None or theirs is None or ours == theirs:
            return None
        return sentence.format(ours=ours, theirs=theirs, apart=abs(ours - theirs))

    return reason


def _codebook(own: Tensors, given: Tensors) -> str | None:
    name = "codebook.embed"
    if name not in own or name not in given or own[name].shape == given[name].shape:
        return None
    (dim, codes), (their_dim, their_codes) = own[name].shape, given[name].shape
    return (
        f"Another DVAE: it has {their_codes} codes of {their_dim} values instead of {codes} of "
        f"{dim}. Name the dvae.pth that was published with the GPT."
    )


_REASONS: Sequence[Reason] = (
    _foreign,
    _first_version,
    _layers,
    _width,
    _rows(
        "text_embedding.weight",
        "Another vocabulary: the weights have {theirs} text tokens and the model {ours}, {apart} "
        "apart. Name the vocab.json that was published with them.",
    ),
    _rows(
        "mel_embedding.weight",
        "Another number of audio codes: the weights have {theirs} with START and STOP, and the "
        "model {ours}: they belong to another DVAE, or to another version of XTTS.",
    ),
    _rows(
        "text_pos_embedding.emb.weight",
        "Texts of another length: the weights have {theirs} positions for text, the model {ours} "
        "(gpt_max_text_tokens of config.json, and 2).",
    ),
    _rows(
        "mel_pos_embedding.emb.weight",
        "Audio of another length: the weights have {theirs} positions for codes, the model {ours} "
        "(gpt_max_audio_tokens of config.json, and 3).",
    ),
    _codebook,
)


def _num_layers(state: Tensors) -> int:
    found = (re.match(r"gpt\.h\.(\d+)\.", name) for name in state)
    return len({layer[1] for layer in found if layer})


def _size(state: Tensors, name: str) -> int | None:
    return state[name].shape[0] if name in state and state[name].ndim else None
