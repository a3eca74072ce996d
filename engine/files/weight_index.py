"""The files that hold a model's weights: one, or several that an index names."""

from collections.abc import Mapping
from pathlib import Path

from engine.errors import UserError
from engine.files.untrusted import as_user_error, leads_inside, read_json_object

WEIGHTS = ("model.safetensors", "pytorch_model.bin")
"""Names of files of weights in a folder of transformers, the preferred one first."""
_INDEX = ".index.json"
"""Suffix of the index where the weights are in several files."""
_NAMED = 3


def weights_in(folder: Path) -> Path | None:
    """The file of weights in a folder of transformers, or its index, or None."""
    names = [name + end for name in WEIGHTS for end in ("", _INDEX)]
    return next((folder / name for name in names if (folder / name).is_file()), None)


def is_index(path: Path) -> bool:
    """Whether a file is, by its name, an index of weights in several files."""
    return path.name.endswith(_INDEX)


def files_of(path: Path) -> tuple[Path, ...]:
    """A file of weights; of an index, the index itself and every file that it names.

    Raises UserError where one is missing, or an index is damaged.
    """
    if is_index(path):
        return (path, *sorted(set(files_by_tensor(path).values())))
    return (path,)


def files_by_tensor(index: Path) -> Mapping[str, Path]:
    """The file that each tensor of an index lies in, in the index's folder.

    Raises UserError where the index is missing or damaged, or one of its files is missing.
    """
    with as_user_error(f"{index} is damaged: it has no table 'weight_map' of files by tensors."):
        table = dict(read_json_object(index)["weight_map"])
        if not table or not all(leads_inside(file) for file in table.values()):
            raise ValueError("no files of this folder")
    files = sorted(set(table.values()))
    missing = [file for file in files if not (index.parent / file).is_file()]
    if missing:
        some = ", ".join(missing[:_NAMED]) + (" and others" if len(missing) > _NAMED else "")
        raise UserError(
            f"{index.parent} lacks {len(missing)} of the {len(files)} files of weights that "
            f"{index.name} names: {some}. Download them as well."
        )
    return {name: index.parent / file for name, file in table.items()}
