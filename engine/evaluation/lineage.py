"""Which clips a model learned from, itself and through its ancestors: digests, not objects.

`lineage/` of a model holds `training.npy` (digests of its own training clips, uint8 [clips, 32]),
`training_ids.txt` (their ids, a line each) and `ancestors/<recipe>.npy` for every recipe before it.
"""

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from engine.atomic import write_atomically
from engine.errors import UserError
from engine.evaluation.digests import NUM_BYTES

FOLDER = "lineage"
_TRAINING, _IDS, _ANCESTORS = "training.npy", "training_ids.txt", "ancestors"

Ancestors = Mapping[str, np.ndarray]
"""Digests of what each recipe was trained on, by its name."""


def write_lineage(
    folder: Path, ids: Sequence[str], digests: np.ndarray, ancestors: Ancestors
) -> None:
    """Write what a run learns from, and what its ancestors learned from, into its folder."""
    lineage = folder / FOLDER
    _write(lineage / _TRAINING, digests)
    lines = (json.dumps(id_, ensure_ascii=False)[1:-1] + "\n" for id_ in ids)
    write_atomically(lineage / _IDS, "".join(lines).encode("utf-8", "surrogateescape"))
    for name, trained in ancestors.items():
        _write(lineage / _ANCESTORS / f"{name}.npy", trained)


def read_ancestors(model: Path) -> Ancestors:
    """What the recipe of a model folder, and all before it, were trained on, by recipe.

    Raises UserError where the model carries no lineage or a damaged one.
    """
    lineage = model / FOLDER
    found = {path.stem: _read(path) for path in sorted((lineage / _ANCESTORS).glob("*.npy"))}
    own = _read(lineage / _TRAINING)
    earlier = found.get(model.name)
    found[model.name] = own if earlier is None else np.concatenate([earlier, own])
    return found


def _write(path: Path, digests: np.ndarray) -> None:
    content = io.BytesIO()
    np.save(content, digests)
    write_atomically(path, content.getvalue())


def _read(path: Path) -> np.ndarray:
    again = f"Train that recipe again: dvc repro -f {_model_of(path)}"
    try:
        digests: np.ndarray = np.lib.format.open_memmap(path, mode="r")
    except FileNotFoundError as error:
        raise UserError(
            f"{path} is missing, so it is not known which clips the weights learned from. {again}"
        ) from error
    except (OSError, ValueError, EOFError) as error:
        raise UserError(f"{path} is damaged. {again}") from error
    if digests.dtype != np.uint8 or digests.ndim != 2 or digests.shape[1] != NUM_BYTES:
        raise UserError(f"{path} is damaged: it holds no digests of clips. {again}")
    return digests


def _model_of(path: Path) -> str:
    folder = path.parent.parent
    return folder.parent.name if folder.name == FOLDER else folder.name
