"""Tensors by name out of a .pth file of RVC, whichever of its forms it has. No code of it runs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from attrs import frozen
from torch import Tensor

from engine.errors import UserError
from engine.training.safe_load import load_state

_PLACES = ("model", "weight")
"""Keys below which a checkpoint of a training and an exported model have their tensors."""
_OTHER_NAMES = {
    ".parametrizations.weight.original0": ".weight_g",
    ".parametrizations.weight.original1": ".weight_v",
}
"""Key of Applio's tensors, in memory."""


@frozen
class StateFile:
    """The content of a file: tensors in float32, and all other entries."""

    path: Path
    state: Mapping[str, Tensor]
    facts: Mapping[str, Any]

    @property
    def is_exported(self) -> bool:
        """Whether the file is an exported model of RVC WebUI or Applio, not a checkpoint."""
        return "config" in self.facts


def read_state_file(path: Path) -> StateFile:
    """A checkpoint, an exported model, or a bare state dict, of single or half precision.

    Raises UserError where the file is missing, damaged, would run code, or holds no tensors.
    """
    if not path.is_file():
        raise UserError(f"There are no weights at {path}.")
    content = load_state(path)
    place = next((place for place in _PLACES if isinstance(content.get(place), Mapping)), None)
    state = content[place] if place else content
    broken = next((name for name, value in state.items() if not _is_tensor(name, value)), None)
    if broken is not None or not state:
        raise UserError(
            f"{path} holds no weights of RVC: it has to hold tensors by their names, alone or "
            f"below 'model' or 'weight'{'' if broken is None else f', and has {broken!r}'}."
        )
    facts = {name: value for name, value in content.items() if name != place} if place else {}
    return StateFile(path, {_named(name): value.float() for name, value in state.items()}, facts)


def _is_tensor(name: object, value: object) -> bool:
    if not isinstance(value, Tensor):
        return False
    plain = value.layout == torch.strided and not value.is_meta
    return isinstance(name, str) and plain and _is_stored(value)


def _is_stored(value: Tensor) -> bool:
    """Whether the file holds every value: a view that repeats one would fill memory when copied."""
    return value.numel() * value.element_size() <= value.untyped_storage().nbytes()


def _named(name: str) -> str:
    for theirs, ours in _OTHER_NAMES.items():
        name = name.replace(theirs, ours)
    return name
