"""Checkpoints that survive a kill at any instant: written beside, synced, renamed, checksummed."""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from attrs import field, frozen
from safetensors.torch import load_file, save_file
from torch import Tensor

from engine.errors import UserError

_WEIGHTS, _AVERAGE, _OPTIMIZERS, _STATE = (
    "weights.safetensors",
    "average.safetensors",
    "optimizers.pt",
    "state.json",
)
_CHECKSUMS = "checksums.json"


@frozen
class Checkpoint:
    """Everything a run needs to go on, or (weights and state alone) a later phase to start."""

    state: Mapping[str, Any]
    """Plain values: step, guards, best, random number generators."""
    weights: Mapping[str, Tensor]
    average: Mapping[str, Tensor] = field(factory=dict)
    optimizers: Mapping[str, Any] = field(factory=dict)
    """Optimiser state and generator states; loaded with weights_only=True."""


def write_checkpoint(checkpoint: Checkpoint, folder: Path) -> None:
    """Write `folder`, whole or not at all; one that exists is replaced.

    Raises UserError where the disk has no room, before anything is lost.
    """
    beside = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(beside, ignore_errors=True)
    try:
        beside.mkdir(parents=True)
        _write_files(checkpoint, beside)
    except OSError as error:
        shutil.rmtree(beside, ignore_errors=True)
        raise UserError(
            f"The checkpoint {folder} could not be written: {error.strerror or error}. "
            "Free space or make the folder writable; the previous checkpoint is untouched, and "
            "the same command continues from it."
        ) from error
    if folder.exists():
        shutil.rmtree(folder)
    beside.rename(folder)
    _sync(folder.parent)


def read_checkpoint(folder: Path) -> Checkpoint:
    """Read a checkpoint after checking every file against its checksum. Runs no code of the file.

    Raises UserError that names the damaged or missing file.
    """
    damage = find_damage(folder)
    if damage:
        raise UserError(f"The checkpoint {folder} is damaged: {damage}. Choose another one.")
    optional = folder / _OPTIMIZERS
    return Checkpoint(
        state=json.loads((folder / _STATE).read_text(encoding="utf-8")),
        weights=load_file(folder / _WEIGHTS),
        average=load_file(folder / _AVERAGE) if (folder / _AVERAGE).exists() else {},
        optimizers=torch.load(optional, weights_only=True) if optional.exists() else {},
    )


def newest_checkpoint(folder: Path) -> Path | None:
    """The newest undamaged checkpoint in `folder`, by the step inside, not by the file's name."""
    whole = [
        (json.loads((path / _STATE).read_text(encoding="utf-8"))["step"], path)
        for path in sorted(folder.glob("[!.]*"))
        if path.is_dir() and find_damage(path) is None
    ]
    return max(whole)[1] if whole else None


def find_damage(folder: Path) -> str | None:
    """What is wrong with a checkpoint's files, in words, or None."""
    listing = folder / _CHECKSUMS
    try:
        checksums = json.loads(listing.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return f"{_CHECKSUMS} is missing or torn"
    for name, expected in checksums.items():
        path = folder / name
        if not path.is_file():
            return f"{name} is missing"
        if _digest(path) != expected:
            return f"{name} does not have its checksum"
    return None


def weights_digest(folder: Path) -> str:
    """SHA-256 of a checkpoint's weights, as its checksums record it."""
    checksums = json.loads((folder / _CHECKSUMS).read_text(encoding="utf-8"))
    return str(checksums[_WEIGHTS])


def prune(folder: Path, *, keep: int) -> None:
    """Delete all but the newest `keep` checkpoints in `folder`, and what was never finished."""
    for torn in folder.glob(".*.partial"):
        shutil.rmtree(torn, ignore_errors=True)
    finished = sorted(path for path in folder.iterdir() if path.is_dir())
    for path in finished[:-keep]:
        shutil.rmtree(path)


def _write_files(checkpoint: Checkpoint, folder: Path) -> None:
    save_file(_plain(checkpoint.weights), folder / _WEIGHTS)
    if checkpoint.average:
        save_file(_plain(checkpoint.average), folder / _AVERAGE)
    if checkpoint.optimizers:
        torch.save(checkpoint.optimizers, folder / _OPTIMIZERS)
    text = json.dumps(checkpoint.state, indent=1, sort_keys=True)
    (folder / _STATE).write_text(text, encoding="utf-8")
    checksums = {path.name: _digest(path) for path in sorted(folder.iterdir())}
    (folder / _CHECKSUMS).write_text(json.dumps(checksums, indent=1), encoding="utf-8")
    for path in folder.iterdir():
        _sync(path)
    _sync(folder)


def _plain(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
