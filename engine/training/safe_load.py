"""Tensors read from files that anybody may have written: no code runs, no header is believed."""

import pickle
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from engine.errors import UserError
from engine.files.untrusted import as_user_error


def load_tensors(path: Path) -> dict[str, Tensor]:
    """Tensors of a safetensors file. Raises UserError where it is damaged."""
    with as_user_error(f"{path} is damaged: it is no safetensors file.", SafetensorError, OSError):
        return load_file(path)


def load_state(path: Path) -> Mapping[str, Any]:
    """What torch.save wrote: plain values and tensors, below names. Runs no code of the file.

    Raises UserError where it is damaged, holds anything else, or would grow while it is read.
    """
    sentence = f"{path} is damaged, or holds what cannot be read safely."
    with as_user_error(sentence, pickle.UnpicklingError, zipfile.BadZipFile, OSError):
        _check_archive(path)
        try:
            content = torch.load(path, map_location="cpu", weights_only=True)
        except pickle.UnpicklingError as error:
            asked = re.search(r"GLOBAL (\S+)", str(error))
            if asked is None:
                raise
            raise UserError(
                f"{path} asks for {asked[1]}, which would run as code when it is loaded. Weights "
                "need no code: nothing of it was loaded. Take the file from where it was published."
            ) from error
        if not isinstance(content, dict):
            raise TypeError("no table")
        return content


def _check_archive(path: Path) -> None:
    """torch.save compresses nothing: a file that promises more than it holds is none of its."""
    with zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
    if any(part.compress_type != zipfile.ZIP_STORED for part in parts):
        raise ValueError("compressed")
    if sum(part.file_size for part in parts) > path.stat().st_size:
        raise ValueError("larger inside than outside")
