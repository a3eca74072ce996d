"""A codec as a folder that `transformers` loads (`DacModel.from_pretrained`)."""

import re
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from engine.errors import UserError
from engine.files.atomic import new_folder
from engine.metrics.pretrained import quiet
from engine.nn.weight_norm import NormedConv1d, NormedConvTranspose1d
from engine.systems.codec.network.network import CodecNetwork, NetworkSettings

_UNIT = {"0": "snake1", "1": "conv1", "2": "snake2", "3": "conv2"}
_ENCODER = {"0": "res_unit1", "1": "res_unit2", "2": "res_unit3", "3": "snake1", "4": "conv1"}
_DECODER = {"0": "snake1", "1": "conv_t1", "2": "res_unit1", "3": "res_unit2", "4": "res_unit3"}


def why_inexpressible(settings: NetworkSettings) -> str | None:
    """Why `DacModel` (transformers 5) cannot represent this network; None where it can.

    Its configuration derives the decoder's strides and the latent dimension, and its decoder gives
    fewer samples than it should where a stride is odd, as upstream's does.
    """
    widest = settings.encoder_dim * 2 ** len(settings.encoder_rates)
    if settings.decoder_rates != settings.encoder_rates[::-1]:
        return "DacModel's decoder has the encoder's strides in reverse, and this one has not"
    if settings.latent_dim != widest:
        return f"DacModel would have {widest} latent dimensions, this network {settings.latent_dim}"
    if any(rate % 2 for rate in settings.encoder_rates):
        return "DacModel loses samples where a stride is odd"
    if settings.codebook_size & (settings.codebook_size - 1):
        return (
            f"DacModel's codebooks hold a power of two, this one's {settings.codebook_size} codes"
        )
    return None


def write_transformers(network: CodecNetwork, folder: Path) -> None:
    """Write config.json, model.safetensors and preprocessor_config.json into `folder`.

    Existing files are replaced. Raises UserError where `DacModel` cannot represent this network.
    """
    reason = why_inexpressible(network.settings)
    if reason is not None:
        raise UserError(f"transformers has no model for this network: {reason}.")
    from transformers import DacConfig, DacFeatureExtractor, DacModel

    settings = network.settings
    config = DacConfig(
        encoder_hidden_size=settings.encoder_dim,
        downsampling_ratios=list(settings.encoder_rates),
        decoder_hidden_size=settings.decoder_dim,
        n_codebooks=settings.num_codebooks,
        codebook_size=settings.codebook_size,
        codebook_dim=settings.codebook_dim,
        quantizer_dropout=settings.quantizer_dropout,
        sampling_rate=settings.sample_rate_hz,
        # What processors of language models ask for.
        num_quantizers=settings.num_codebooks,  # type: ignore[call-arg]
    )
    model = DacModel(config)
    model.load_state_dict(named_as_transformers(network))
    extractor = DacFeatureExtractor(
        sampling_rate=settings.sample_rate_hz, hop_length=settings.hop_length
    )
    with new_folder(folder) as beside, quiet():
        model.save_pretrained(beside)
        extractor.save_pretrained(beside)


def read_transformers(folder: Path) -> Any:
    """The `DacModel` of a folder, in evaluation mode; nothing is downloaded."""
    from transformers import DacModel

    with quiet():
        model: Any = DacModel.from_pretrained(folder, local_files_only=True)
        return model.eval()


@torch.no_grad()
def named_as_transformers(network: CodecNetwork) -> dict[str, Tensor]:
    """The network's tensors under the names of `DacModel`, without weight normalisation."""
    num_rates = len(network.settings.encoder_rates)
    state: dict[str, Tensor] = {}
    for name, module in network.named_modules():
        tensors = dict(module.named_parameters(recurse=False))
        if isinstance(module, NormedConv1d | NormedConvTranspose1d):
            tensors = {"weight": module.weight, "bias": module.bias}
        place = renamed(name, num_rates)
        state |= {f"{place}.{key}": value.detach().cpu().clone() for key, value in tensors.items()}
    return state


def renamed(name: str, num_rates: int) -> str:
    """A module's name in `DacModel`: it counts blocks from 0 and names what a block holds."""
    if not (found := re.fullmatch(r"(encoder|decoder)\.(?:block|model)\.(\d+)(.*)", name)):
        return name
    side, place, rest = found[1], int(found[2]), found[3]
    ends = {0: "conv1", num_rates + 1: "snake1", num_rates + 2: "conv2"}
    if place in ends:
        return f"{side}.{ends[place]}"
    tables = (_ENCODER if side == "encoder" else _DECODER, _UNIT)
    inside = zip(re.findall(r"\d+", rest), tables, strict=False)
    return ".".join([f"{side}.block.{place - 1}", *(names[number] for number, names in inside)])
