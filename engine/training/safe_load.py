"""Tensors read from files that anybody may have written: no code runs, no header is believed."""

import pickle
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from engine.errors import UserError
from engine.files.nature import require_weights
from engine.files.pickles import UnboundedError, require_bounded_file
from engine.files.untrusted import as_user_error

_MOST_SHARED = 4
"""How many times its size a file's tensors may hold, where several share their numbers."""
_FREE_BYTES = 1 << 20


def load_tensors(path: Path) -> dict[str, Tensor]:
    """Tensors of a safetensors file. Raises UserError where it is damaged."""
    with as_user_error(f"{path} is damaged: it is no safetensors file.", SafetensorError, OSError):
        return load_file(path)


def load_state(path: Path) -> Mapping[str, Any]:
    """What torch.save wrote: plain values and tensors, below names. Runs no code of the file.

    Raises UserError where it is damaged, holds anything else, or would grow while it is read.
    """
    content = load_saved(path)
    if not isinstance(content, dict):
        raise UserError(f"{path} is damaged, or holds what is no table of weights by their names.")
    return content


def load_saved(path: Path, passed: Iterable[tuple[Any, str]] = (), *, mapped: bool = False) -> Any:
    """Whatever torch.save wrote of plain values and tensors: the one place that reads its files.

    `passed` are objects that stand in for what the file may name besides. `mapped` leaves the
    tensors in the file until they are copied. Raises UserError where the file is missing, damaged,
    of another kind, would run code, or would cost more than its size allows: in steps, as a tuple
    of tuples that is hashed, or in memory, as a tensor that repeats one number.
    """
    sentence = f"{path} is damaged, or holds what cannot be read safely."
    with as_user_error(sentence, pickle.UnpicklingError, zipfile.BadZipFile, OSError):
        require_weights(path)
        _require_bounded(path)
        try:
            with torch.serialization.safe_globals(list(passed)):
                mapped &= zipfile.is_zipfile(path)
                content = torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
        except pickle.UnpicklingError as error:
            asked = re.search(r"GLOBAL (\S+)", str(error))
            if asked is None:
                raise
            raise UserError(
                f"{path} asks for {asked[1]}, which would run as code when it is loaded. Weights "
                "need no code: nothing of it was loaded. Take the file from where it was published."
            ) from error
        _require_stored(content, path)
    return content


def _require_bounded(path: Path) -> None:
    try:
        require_bounded_file(path)
    except UnboundedError as error:
        raise UserError(
            f"{path} is damaged, or made to do harm: to read it could take for ever ({error}). "
            "Nothing of it was loaded."
        ) from error


def _require_stored(content: Any, path: Path) -> None:
    """Raise UserError where tensors show more numbers than the file holds."""
    num_shown = 0
    for tensor in _tensors(content):
        if tensor.layout != torch.strided or tensor.is_meta:
            raise TypeError("no plain tensor")
        shown = tensor.numel() * tensor.element_size()
        if shown > tensor.untyped_storage().nbytes():
            raise UserError(
                f"{path} holds a tensor {list(tensor.shape)} that repeats the "
                f"{tensor.untyped_storage().nbytes():,} bytes it has. Weights are stored whole: "
                "nothing of it was used."
            )
        num_shown += shown
    if num_shown > _FREE_BYTES + _MOST_SHARED * path.stat().st_size:
        raise UserError(
            f"{path} holds tensors of {num_shown:,} bytes in {path.stat().st_size:,}: they share "
            "their numbers. Weights are stored whole: nothing of it was used."
        )


def _tensors(content: Any) -> Iterator[Tensor]:
    if isinstance(content, Tensor):
        yield content
    elif isinstance(content, Mapping):
        for value in content.values():
            yield from _tensors(value)
    elif isinstance(content, (list, tuple, set)):
        for value in content:
            yield from _tensors(value)
