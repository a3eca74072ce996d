"""Tensors read from untrusted files: no code runs, and no header is trusted."""

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
"""How many times a file's size its tensors may take, where several share their numbers."""
_FREE_BYTES = 1 << 20


def load_tensors(path: Path) -> dict[str, Tensor]:
    """Tensors of a safetensors file. Raises UserError where it is damaged."""
    with as_user_error(
        f"{path} is damaged: it is not a valid safetensors file.", SafetensorError, OSError
    ):
        return load_file(path)


def load_state(path: Path) -> Mapping[str, Any]:
    """The table of plain values and tensors that torch.save wrote. Runs no code of the file.

    Raises UserError where it is damaged, holds anything else, or would grow while it is read.
    """
    content = load_saved(path)
    if not isinstance(content, dict):
        raise UserError(f"{path} is damaged, or does not hold a table of weights by name.")
    return content


def load_saved(path: Path, passed: Iterable[tuple[Any, str]] = (), *, mapped: bool = False) -> Any:
    """Whatever torch.save wrote of plain values and tensors: the one place that reads its files.

    `passed` are objects that replace other names in the file. `mapped` leaves the
    tensors in the file until they are copied. Raises UserError where the file is missing, damaged,
    of another kind, would run code, or would cost more than its size allows: in steps, as a tuple
    of tuples that is hashed, or in memory, as a tensor that repeats one number.
    """
    sentence = f"{path} is damaged, or holds objects that cannot be read safely."
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
                "need no code, so nothing was loaded. Download the file from its publisher."
            ) from error
        _require_stored(content, path)
    return content


def _require_bounded(path: Path) -> None:
    try:
        require_bounded_file(path)
    except UnboundedError as error:
        raise UserError(
            f"{path} is damaged or malicious: reading it could take for ever ({error}). Nothing "
            "was loaded."
        ) from error


def _require_stored(content: Any, path: Path) -> None:
    """Raise UserError where tensors have more numbers than the file holds."""
    num_shown = 0
    for tensor in _tensors(content):
        if tensor.layout != torch.strided or tensor.is_meta:
            raise TypeError("no plain tensor")
        shown = tensor.numel() * tensor.element_size()
        if shown > tensor.untyped_storage().nbytes():
            raise UserError(
                f"{path} holds a tensor of shape {list(tensor.shape)} in only "
                f"{tensor.untyped_storage().nbytes():,} bytes, by repeating them. Weights are "
                "stored whole, so nothing was loaded."
            )
        num_shown += shown
    if num_shown > _FREE_BYTES + _MOST_SHARED * path.stat().st_size:
        raise UserError(
            f"{path} holds tensors of {num_shown:,} bytes in {path.stat().st_size:,}: they share "
            "their numbers. Weights are stored whole, so nothing was loaded."
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
