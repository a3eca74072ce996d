"""The tensors of a model's weights, in one file or in several with an index."""

from pathlib import Path

from torch import Tensor

from engine.errors import UserError
from engine.files.nature import is_safetensors, require_weights
from engine.files.untrusted import as_user_error
from engine.files.weight_index import WEIGHTS, files_by_tensor, is_index, weights_in
from engine.training.safe_load import load_saved, load_tensors


def read_weights(path: Path) -> dict[str, Tensor]:
    """All tensors of a file, of an index, or of a folder with one of WEIGHTS, by their names.

    Tensors stay in the files until they are copied, so that a network takes them without a second
    copy in memory. No code runs. Raises UserError where a file is missing, damaged, holds anything
    else, or lacks a tensor that the index says it has.
    """
    path = _weights_in(path) if path.is_dir() else path
    if not is_index(path):
        return _tensors(path)
    named = files_by_tensor(path)
    tensors: dict[str, Tensor] = {}
    for file in sorted(set(named.values())):
        held = _tensors(file)
        lacking = [name for name, place in named.items() if place == file and name not in held]
        if lacking:
            raise UserError(
                f"{file} lacks {len(lacking)} of the tensors that {path.name} says it has, first "
                f"{lacking[0]}. These files are not of one model: download the folder again."
            )
        tensors |= held
    return tensors


def _weights_in(folder: Path) -> Path:
    found = weights_in(folder)
    if found is None:
        raise UserError(
            f"{folder} holds no weights. It must hold {' or '.join(WEIGHTS)}, in one file or in "
            "several with an index."
        )
    return found


def _tensors(path: Path) -> dict[str, Tensor]:
    require_weights(path)
    if is_safetensors(path):
        return load_tensors(path)
    content = load_saved(path, mapped=True)
    with as_user_error(f"{path} holds no weights: it must hold a table of tensors by name."):
        table = dict(content)
        if not all(isinstance(value, Tensor) for value in table.values()):
            raise TypeError("no tensor")
        return {str(name): value for name, value in table.items()}
