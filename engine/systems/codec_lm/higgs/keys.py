"""Names of Higgs Audio v2's weights: those of transformers, and those of the legacy layout.

The legacy layout is that of the published folder until April 2026, which `boson_multimodal` and
what is built on it read. Between the two lies a change of names, and no change of values.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

_PREFIXES = {
    "audio_codebook_embeddings.": "model.embed_audio_tokens.embed_audio_tokens.",
    "audio_decoder_proj.audio_lm_head.": "audio_lm_head.",
    "audio_decoder_proj.text_lm_head.": "text_lm_head.",
    "embed_tokens.": "model.embed_tokens.",
    "layers.": "model.layers.",
    "norm.": "model.norm.",
}
"""Parts of names in the legacy layout, and what transformers has instead."""
_NO_WEIGHTS = re.compile(r"(^|\.)(audio_codebook_weights|rotary_emb\.(original_)?inv_freq)$")
_HALF = re.compile(r"(.+)\.(?:embedding|linear)_(frozen|trainable)\.weight")
"""Rows of one weight, in two tensors where training kept the first of them as they were."""


def is_legacy(names: Iterable[str]) -> bool:
    """Whether weights of these names have the legacy layout."""
    return any(name.startswith(("layers.", "embed_tokens.")) for name in names)


def without_copies(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights of transformers' names without second copies of the heads by their legacy names.

    The program that converted the published folder kept such copies.
    """
    return {
        name: value
        for name, value in state.items()
        if (other := _renamed(name, _PREFIXES)) == name or other not in state
    }


def from_legacy(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights of the legacy layout under transformers' names.

    Halves of a weight are joined, tables that are no weights left out. What is of neither layout,
    or half without the other half, keeps its name.
    """
    kept = {name: value for name, value in _joined(state).items() if not _NO_WEIGHTS.search(name)}
    return {_renamed(name, _PREFIXES): value for name, value in kept.items()}


def to_legacy(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights of transformers' names under the names of the legacy layout."""
    prefixes = {theirs: legacy for legacy, theirs in _PREFIXES.items()}
    return {_renamed(name, prefixes): value for name, value in state.items()}


def _renamed(name: str, prefixes: Mapping[str, str]) -> str:
    for prefix, other in prefixes.items():
        if name.startswith(prefix):
            return other + name.removeprefix(prefix)
    return name


def _joined(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    halves: dict[str, dict[str, str]] = defaultdict(dict)
    for name in state:
        if found := _HALF.fullmatch(name):
            halves[found[1]][found[2]] = name
    whole = {name: half for name, half in halves.items() if len(half) == len(("frozen", "trained"))}
    parts = {part for half in whole.values() for part in half.values()}
    rest = {name: value for name, value in state.items() if name not in parts}
    return rest | {
        f"{name}.weight": torch.cat([state[half["frozen"]], state[half["trainable"]]])
        for name, half in whole.items()
    }
