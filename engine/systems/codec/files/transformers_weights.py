"""The codec's weights from a `DacModel` that `transformers` saved.

`DacModel` stores convolutions without weight normalisation, which is restored: v is the weight, g
its norm.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from engine.errors import UserError
from engine.files.untrusted import read_json_object
from engine.files.weight_index import WEIGHTS
from engine.nn.weight_norm import NormedConv1d, NormedConvTranspose1d
from engine.systems.codec.files.transformers_folder import renamed
from engine.systems.codec.network.network import CodecNetwork

CONFIG = "config.json"

_OTHERS = {"encodec": "EnCodec", "mimi": "Mimi", "xcodec": "X-Codec", "higgs_audio_v2": "Higgs"}
_DEFAULTS: dict[str, Any] = {
    "encoder_hidden_size": 64,
    "downsampling_ratios": [2, 4, 8, 8],
    "decoder_hidden_size": 1536,
    "n_codebooks": 9,
    "codebook_size": 1024,
    "codebook_dim": 8,
    "quantizer_dropout": 0.0,
    "sampling_rate": 16_000,
}
"""Defaults of `DacConfig`: a saved configuration may leave out values that equal them."""


def weights_in(folder: Path) -> Path:
    """The file of weights in a folder of `transformers`. Raises UserError where it holds none."""
    found = next((folder / name for name in WEIGHTS if (folder / name).is_file()), None)
    if found is None:
        raise UserError(
            f"{folder} holds no codec: neither {' nor '.join(WEIGHTS)} is in it, as transformers' "
            "DacModel.save_pretrained writes them."
        )
    return found


def read_settings(weights: Path) -> dict[str, Any]:
    """The arguments of `dac.DAC` that the configuration beside a file of weights means.

    Raises UserError where there is no configuration, or where it is that of another model.
    """
    path = weights.parent / CONFIG
    if not path.is_file():
        raise UserError(
            f"{weights} holds tensors alone, and nothing that says of which network: the "
            f"{CONFIG} that transformers writes has to lie beside it. Of dac itself, take the "
            "weights.pth, which holds both."
        )
    config = read_json_object(path)
    kind = config.get("model_type", "snac" if "vq_strides" in config else None)
    if kind != "dac":
        named = _OTHERS.get(str(kind), str(kind).upper() if kind == "snac" else repr(kind))
        raise UserError(
            f"{weights.parent} holds another codec ({named}): this one is DAC, 'model_type' "
            f"'dac' in {CONFIG}."
        )
    said = _DEFAULTS | {name: value for name, value in config.items() if value is not None}
    rates = said["downsampling_ratios"]
    if not isinstance(rates, list):
        raise UserError(f"{path}: downsampling_ratios has to be a list of strides.")
    return {
        "encoder_dim": said["encoder_hidden_size"],
        "encoder_rates": rates,
        "latent_dim": said.get("hidden_size"),
        "decoder_dim": said["decoder_hidden_size"],
        "decoder_rates": said.get("upsampling_ratios", rates[::-1]),
        "n_codebooks": said["n_codebooks"],
        "codebook_size": said["codebook_size"],
        "codebook_dim": said["codebook_dim"],
        "quantizer_dropout": said["quantizer_dropout"],
        "sample_rate": said["sampling_rate"],
    }


@torch.no_grad()
def named_as_upstream(network: CodecNetwork, given: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors of a `DacModel` under the names of the network, which may be on the meta device.

    Tensors that are missing stay missing; tensors that are left over keep their names.
    """
    left, state = dict(given), dict[str, Tensor]()
    num_rates = len(network.settings.encoder_rates)
    for name, module in network.named_modules():
        place = renamed(name, num_rates)
        for key, _ in module.named_parameters(recurse=False):
            if (value := left.pop(f"{place}.{key}", None)) is not None:
                state[f"{name}.{key}"] = value
        is_normed = isinstance(module, NormedConv1d | NormedConvTranspose1d)
        if is_normed and (weight := left.pop(f"{place}.weight", None)) is not None:
            state |= {f"{name}.weight_v": weight, f"{name}.weight_g": _norms(weight)}
    return {**state, **left}


def _norms(weight: Tensor) -> Tensor:
    norms: Tensor = weight.flatten(1).norm(dim=1).view(-1, *[1] * (weight.dim() - 1))
    return norms
