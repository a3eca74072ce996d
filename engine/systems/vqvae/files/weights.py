"""Weights under the names of the published model, out and in. A weights file never runs code."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from engine.errors import RefusedValuesError, UserError
from engine.nn.mel import MelSpectrogram
from engine.systems.vqvae.network.model import GridAutoencoder
from engine.training.safe_load import load_state

_FRONT_END = "preprocessor."
_MEL = "preprocessor.mel_spec."


def named_as_published(network: GridAutoencoder, mel: MelSpectrogram) -> dict[str, Tensor]:
    """A bare state dict: the network's own, and the front end's buffers below `preprocessor`."""
    front_end = {f"{_MEL}{name}": value for name, value in mel.transform.state_dict().items()}
    own = {name: value.contiguous() for name, value in network.state_dict().items()}
    return {name: value.detach().cpu().clone() for name, value in (front_end | own).items()}


def import_weights(network: GridAutoencoder, path: Path) -> None:
    """Load a published state dict (bare, or below `model_state_dict` in a checkpoint).

    Raises UserError where the file cannot be read safely, or where tensors are missing, left over
    or of another shape; nothing is loaded then. Buffers of the front end are not read.
    """
    given = {name: value for name, value in _read(path).items() if not name.startswith(_FRONT_END)}
    own = network.state_dict()
    faults = [
        *_named("missing", own.keys() - given.keys()),
        *_named("not expected", given.keys() - own.keys()),
        *(
            f"{name} has shape {tuple(given[name].shape)} instead of {tuple(own[name].shape)}"
            for name in sorted(own.keys() & given.keys())
            if given[name].shape != own[name].shape
        ),
    ]
    if faults:
        raise RefusedValuesError(f"{path} does not fit the recipe's network: {'; '.join(faults)}.")
    network.load_state_dict(given)


def _read(path: Path) -> Mapping[str, Tensor]:
    content: Any = load_state(path)
    content = content.get("model_state_dict", content)
    if not isinstance(content, dict) or not all(isinstance(v, Tensor) for v in content.values()):
        raise UserError(f"{path} holds no state dict: names with a tensor each.")
    return content


def _named(what: str, names: set[str]) -> list[str]:
    if not names:
        return []
    shown = ", ".join(sorted(names)[:4])
    return [f"{len(names)} {what} ({shown}{', ...' if len(names) > 4 else ''})"]
