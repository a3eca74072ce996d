"""Checkpoints that survive a kill at any instant: written beside, synced, renamed, checksummed."""

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from attrs import field, frozen
from safetensors.torch import save_file
from torch import Tensor

from engine.errors import UserError
from engine.files.atomic import replace_folder
from engine.files.checksum import sha256_of
from engine.files.disk import refusals_in_words, require_space
from engine.files.untrusted import read_json_object
from engine.training.safe_load import load_state, load_tensors
from engine.training.state import Saved
from engine.training.weights_digest import AVERAGE as _AVERAGE
from engine.training.weights_digest import CHECKSUMS as _CHECKSUMS
from engine.training.weights_digest import WEIGHTS as _WEIGHTS

_OPTIMIZERS, _STATE = "optimizers.pt", "state.json"
_FILES = {_WEIGHTS, _AVERAGE, _OPTIMIZERS, _STATE}
_BESIDE_TENSORS = 64 * 1024
"""Bytes that names, state and checksums of a checkpoint take at most, or hardly more."""


@frozen
class Checkpoint:
    """Everything a run needs to go on, or (weights and state alone) a later phase to start."""

    state: Mapping[str, Any]
    """Plain values: the position, facts about the run, and the values of other parts by name."""
    weights: Mapping[str, Tensor]
    average: Mapping[str, Tensor] = field(factory=dict)
    optimizers: Mapping[str, Any] = field(factory=dict)
    """Tensors of other parts by name: optimizers ("turns"), generators and so on; loaded with
    weights_only=True."""

    @classmethod
    def of(cls, parts: Mapping[str, Saved], about: Mapping[str, Any]) -> "Checkpoint":
        """The checkpoint that holds these parts, by name; `about` holds facts about the run."""
        plain = {name: saved.plain for name, saved in parts.items() if saved.plain is not None}
        tensors = {
            name: saved.tensors for name, saved in parts.items() if saved.tensors is not None
        }
        state = plain.pop("position") | about | plain
        return cls(state, tensors.pop("weights"), tensors.pop("average", {}), tensors)

    def part(self, name: str) -> Saved:
        """The state of a part. Raises LookupError where it is missing."""
        if name == "position":
            return Saved(plain=self.state)
        if name in ("weights", "average"):
            return Saved(self.state.get(name), getattr(self, name))
        return Saved(self.state.get(name), self.optimizers[name])


def write_checkpoint(checkpoint: Checkpoint, folder: Path) -> None:
    """Write `folder`, whole or not at all; an existing one is replaced.

    Raises UserError where the disk has no room or refuses, before anything is lost.
    """
    beside = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(beside, ignore_errors=True)
    try:
        with refusals_in_words(f"The checkpoint {folder}", folder.parent):
            beside.mkdir(parents=True)
            require_space(beside, _num_bytes(checkpoint))
            _write_files(checkpoint, beside)
            replace_folder(beside, folder)
    except UserError:
        shutil.rmtree(beside, ignore_errors=True)
        raise


def read_checkpoint(folder: Path) -> Checkpoint:
    """Read a checkpoint after checking every file against its checksum. Runs no code of the file.

    Raises UserError that names the damaged or missing file.
    """
    damage = find_damage(folder)
    if damage:
        raise UserError(f"The checkpoint {folder} is damaged: {damage}. Choose another checkpoint.")
    listed = _checksums(folder) or {}
    return Checkpoint(
        state=read_state(folder),
        weights=load_tensors(folder / _WEIGHTS),
        average=load_tensors(folder / _AVERAGE) if _AVERAGE in listed else {},
        optimizers=load_state(folder / _OPTIMIZERS) if _OPTIMIZERS in listed else {},
    )


def read_state(folder: Path) -> dict[str, Any]:
    """The plain values of a checkpoint. Raises UserError where they cannot be read."""
    return read_json_object(folder / _STATE)


def newest_checkpoint(folder: Path) -> Path | None:
    """The newest undamaged checkpoint in `folder`, by the step inside, not by the file's name."""
    return next((path for path in checkpoints(folder) if find_damage(path) is None), None)


def checkpoints(folder: Path) -> list[Path]:
    """Possible checkpoints in `folder`, the newest first: by the step inside, then by name."""
    paths = [path for path in folder.glob("[!.]*") if path.is_dir()]
    return sorted(paths, key=lambda path: (_step(path), path), reverse=True)


def find_damage(folder: Path) -> str | None:
    """What is wrong with a checkpoint's files, in words, or None."""
    checksums = _checksums(folder)
    if checksums is None:
        return f"{_CHECKSUMS} is missing or incomplete"
    for name, expected in checksums.items():
        path = folder / name
        if not path.is_file():
            return f"{name} is missing"
        if sha256_of(path) != expected:
            return f"{name} does not match its checksum"
    return f"{_STATE} holds no step" if _step(folder) < 0 else None


def prune(folder: Path, *, keep: int) -> None:
    """Delete all but the newest `keep` checkpoints in `folder`, and what was never finished."""
    for torn in folder.glob(".*.partial"):
        shutil.rmtree(torn)
    for path in checkpoints(folder)[keep:]:
        shutil.rmtree(path)


def _write_files(checkpoint: Checkpoint, folder: Path) -> None:
    save_file(_plain(checkpoint.weights), folder / _WEIGHTS)
    if checkpoint.average:
        save_file(_plain(checkpoint.average), folder / _AVERAGE)
    if checkpoint.optimizers:
        with (folder / _OPTIMIZERS).open("wb") as file:  # given a path, torch hides why it failed
            torch.save(checkpoint.optimizers, file)
    text = json.dumps(checkpoint.state, indent=1, sort_keys=True)
    (folder / _STATE).write_text(text, encoding="utf-8")
    checksums = {path.name: sha256_of(path) for path in sorted(folder.iterdir())}
    (folder / _CHECKSUMS).write_text(json.dumps(checksums, indent=1), encoding="utf-8")


def _checksums(folder: Path) -> dict[str, str] | None:
    """Digests by file; None where the listing is missing, torn, or not one of a checkpoint."""
    try:
        listed = read_json_object(folder / _CHECKSUMS)
    except UserError:
        return None
    if not {_WEIGHTS, _STATE} <= listed.keys() <= _FILES:
        return None
    return {name: str(digest) for name, digest in listed.items()}


def _step(folder: Path) -> int:
    """The step inside a checkpoint; -1 where none can be read."""
    try:
        step = read_state(folder).get("step")
    except UserError:
        return -1
    return step if type(step) is int else -1


def _num_bytes(checkpoint: Checkpoint) -> int:
    parts = (checkpoint.weights, checkpoint.average, checkpoint.optimizers)
    return sum(tensor.nbytes for part in parts for tensor in _tensors(part)) + _BESIDE_TENSORS


def _tensors(value: Any) -> Iterator[Tensor]:
    """Every tensor in nested tables and lists."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping | list | tuple):
        for inner in value.values() if isinstance(value, Mapping) else value:
            yield from _tensors(inner)


def _plain(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
