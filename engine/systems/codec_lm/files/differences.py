"""Likely reasons why weights do not fit a model of Higgs Audio v2."""

import re
from collections.abc import Sequence

from engine.training.weights_fit import Reason, Tensors

TEXT_HEAD = "text_lm_head.weight"
_EMBEDDING, _AUDIO = "model.embed_tokens.weight", "audio_lm_head.weight"


def _adapters(_: Tensors, given: Tensors) -> str | None:
    if not any(".lora_" in name for name in given):
        return None
    return (
        "They are low-rank adapters (LoRA), not the weights of a whole model. Merge them into the "
        "model that they were trained on (peft: merge_and_unload), and name its folder."
    )


def _foreign(own: Tensors, given: Tensors) -> str | None:
    if own.keys() & given.keys() or _adapters(own, given):
        return None
    return "No tensor has a name of this model: the weights are of another kind of model."


def _no_text_head(own: Tensors, given: Tensors) -> str | None:
    if TEXT_HEAD not in own or TEXT_HEAD in given or _AUDIO not in given:
        return None
    return (
        "They have no text head: transformers leaves it out where a model is loaded without "
        "use_text_head=True, and it is lost where that is saved again. 'cantus fetch "
        "higgs_audio_v2' brings weights that have it. model.new_text_head = true begins with a new "
        "one, which is untrained: of the losses that is text_ce alone."
    )


def _layers(own: Tensors, given: Tensors) -> str | None:
    ours, theirs = _num_layers(own), _num_layers(given)
    if not theirs or ours == theirs:
        return None
    return f"Another size: the weights have {theirs} layers, and the model {ours}."


def _width(own: Tensors, given: Tensors) -> str | None:
    ours, theirs = _shape(own, _EMBEDDING), _shape(given, _EMBEDDING)
    if not ours or not theirs or ours[1] == theirs[1]:
        return None
    return f"Another size: the weights are {theirs[1]} wide, and the model {ours[1]}."


def _vocabulary(own: Tensors, given: Tensors) -> str | None:
    ours, theirs = _shape(own, _EMBEDDING), _shape(given, _EMBEDDING)
    if not ours or not theirs or ours[0] == theirs[0]:
        return None
    return (
        f"Another tokenizer: the weights have {theirs[0]:,} text tokens, and the model {ours[0]:,}."
    )


def _codec(own: Tensors, given: Tensors) -> str | None:
    ours, theirs = _shape(own, _AUDIO), _shape(given, _AUDIO)
    if not ours or not theirs or ours[0] == theirs[0]:
        return None
    return (
        f"Another codec: the weights have {theirs[0]:,} entries over all codebooks, begin and end "
        f"of stream included, and the model {ours[0]:,}."
    )


REASONS: Sequence[Reason] = (
    _adapters,
    _foreign,
    _no_text_head,
    _layers,
    _width,
    _vocabulary,
    _codec,
)


def _num_layers(state: Tensors) -> int:
    found = (re.match(r"model\.layers\.(\d+)\.", name) for name in state)
    return len({layer[1] for layer in found if layer})


def _shape(state: Tensors, name: str) -> Sequence[int] | None:
    return state[name].shape if name in state and state[name].ndim > 1 else None
