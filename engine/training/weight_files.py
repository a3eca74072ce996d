"""The weights in a folder of `transformers`: one file, or several with an index."""

from collections.abc import Iterator
from pathlib import Path

from torch import Tensor

from engine.errors import UserError
from engine.files.nature import is_safetensors, require_weights
from engine.files.untrusted import as_user_error, leads_inside, read_json_object
from engine.training.safe_load import load_state, load_tensors

WEIGHTS = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)
"""How they are called, the preferred ones first."""
_INDEX = ".index.json"


def files_of(path: Path) -> tuple[Path, ...]:
    """A file of weights; of an index the index itself and every file that it names.

    Raises UserError where one of them is missing, or the index is damaged.
    """
    if not path.name.endswith(_INDEX):
        require_weights(path)
        return (path,)
    return (path, *sorted(set(_by_name(path).values())))


def read_weights(path: Path) -> dict[str, Tensor]:
    """All tensors of a file, of an index, or of a folder with one of WEIGHTS, by their names.

    They lie in the files until they are copied: a model is given them with no second copy in
    memory. No code runs. Raises UserError where a file is missing, damaged, or lacks a tensor that
    the index says it has.
    """
    path = _weights_in(path) if path.is_dir() else path
    if not path.name.endswith(_INDEX):
        return dict(_tensors(path))
    named = _by_name(path)
    found: dict[str, Tensor] = {}
    for file in sorted(set(named.values())):
        held = dict(_tensors(file))
        lacking = sorted(name for name, at in named.items() if at == file and name not in held)
        if lacking:
            raise UserError(
                f"{file} lacks {len(lacking)} tensors that {path.name} says it has, first "
                f"{lacking[0]}: the files belong to different models. Download the folder again."
            )
        found |= held
    return found


def _weights_in(folder: Path) -> Path:
    for name in WEIGHTS:
        if (folder / name).is_file():
            return folder / name
    raise UserError(f"{folder} holds no weights, none of {', '.join(WEIGHTS)}.")


def _by_name(index: Path) -> dict[str, Path]:
    """The file of each tensor of an index."""
    require_there(index)
    with as_user_error(f"{index} is damaged: it has no table 'weight_map' of files by tensors."):
        named = {
            str(name): str(file) for name, file in read_json_object(index)["weight_map"].items()
        }
        if not named or not all(leads_inside(file) for file in named.values()):
            raise ValueError("no file of this folder")
    files = sorted(set(named.values()))
    missing = [file for file in files if not (index.parent / file).is_file()]
    if missing:
        raise UserError(
            f"{index.parent} lacks {len(missing)} of the {len(files)} files of weights that "
            f"{index.name} names: {', '.join(missing[:3])}. Download them too."
        )
    return {name: index.parent / file for name, file in named.items()}


def require_there(path: Path) -> None:
    """Raise UserError where there is no such file."""
    if not path.is_file():
        raise UserError(f"There are no weights at {path}.")


def _tensors(path: Path) -> Iterator[tuple[str, Tensor]]:
    require_weights(path)
    if is_safetensors(path):
        yield from load_tensors(path).items()
        return
    sentence = f"{path} holds no table of weights by their names."
    for name, value in load_state(path).items():
        with as_user_error(sentence):
            if not isinstance(name, str) or not isinstance(value, Tensor):
                raise TypeError("no tensor")
        yield name, value
