"""The clips that a model and its ancestors were trained on, as digests.

`lineage/` of a model holds `training.npy` (digests and places of its own training clips, 56 bytes
a clip), `training_ids.txt` (their ids, a line each), `ancestors/<recipe>.npy` for every
recipe before it, and `files.json` (SHA-256 of each of these arrays), which is written last.
`sound/` has the fingerprints of the same clips in files of the same names, where they are known.
"""

import hashlib
import io
import tokenize
from collections.abc import Mapping, Sequence
from json import dumps
from pathlib import Path

import numpy as np
from attrs import evolve

from engine.errors import UserError
from engine.evaluation.audio import SPAN, Audio, ClipAudio
from engine.evaluation.digests import NUM_BYTES
from engine.evaluation.ids import as_bytes, escaped
from engine.evaluation.sound.landmarks import FOUND, Fingerprints, landmarks_of, read_landmarks
from engine.files.atomic import write_atomically
from engine.files.checksum import sha256_of
from engine.files.untrusted import as_user_error, read_json_object

FOLDER = "lineage"
_TRAINING, _IDS, _FILES = "training.npy", "training_ids.txt", "files.json"
_SOUND = "sound/"
_ROW = np.dtype([("digest", np.uint8, (NUM_BYTES,)), ("span", SPAN)])

Ancestors = Mapping[str, Audio]
"""The clips that each recipe was trained on, by its name."""


def write_lineage(folder: Path, ids: Sequence[str], clips: Audio, ancestors: Ancestors) -> None:
    """Write the training clips of a run and of its ancestors into its folder."""
    lineage = folder / FOLDER
    files = {_TRAINING: _write(lineage / _TRAINING, clips)}
    write_atomically(lineage / _IDS, as_bytes("".join(escaped(id_) + "\n" for id_ in ids)))
    for name, trained in _by_file(ancestors).items():
        files[name] = _write(lineage / name, trained)
    for name, trained in {_TRAINING: clips, **_by_file(ancestors)}.items():
        if (known := trained.fingerprints) is not None:
            found = landmarks_of(known.landmarks, known.rows, FOUND)
            files[_SOUND + name] = _save(lineage / (_SOUND + name), found)
    write_atomically(lineage / _FILES, dumps(files, indent=2).encode())


def read_ancestors(model: Path) -> Ancestors:
    """The training clips of a model's recipe and of all before it, by recipe.

    Raises UserError where the model has no lineage or a damaged one.
    """
    lineage = model / FOLDER
    again = f"Train that recipe again: dvc repro -f {model.name}"
    if not (lineage / _FILES).is_file():
        raise UserError(_missing(lineage / _FILES, again))
    there = {_of(path.stem): path for path in sorted((lineage / _of("")).parent.glob("*.npy"))}
    there[_TRAINING] = lineage / _TRAINING
    files = {_TRAINING: None} | read_json_object(lineage / _FILES)
    sounds = {name: files.pop(name) for name in [*files] if name.startswith(_SOUND)}
    if lacking := sorted(files.keys() - there.keys()):
        raise UserError(_missing(lineage / lacking[0], again))
    found = {name: _read(there[name], digest, again) for name, digest in files.items()}
    for name in found:
        if (digest := sounds.get(_SOUND + name)) is not None:
            known = _read_sound(lineage / (_SOUND + name), digest, again)
            found[name] = evolve(found[name], fingerprints=known)
    own = found.pop(_TRAINING)
    ancestors = {there[name].stem: trained for name, trained in found.items()}
    earlier = ancestors.get(model.name)
    ancestors[model.name] = own if earlier is None else _both(earlier, own)
    return ancestors


def _of(name: str) -> str:
    return f"ancestors/{name}.npy"


def _by_file(ancestors: Ancestors) -> Ancestors:
    return {_of(name): trained for name, trained in ancestors.items()}


def _both(earlier: ClipAudio, own: ClipAudio) -> ClipAudio:
    known = [one.fingerprints for one in (earlier, own) if one.fingerprints is not None]
    return ClipAudio(
        np.concatenate([earlier.digests, own.digests]),
        np.concatenate([earlier.spans, own.spans]),
        Fingerprints.joined(known) if known else None,
    )


def _write(path: Path, clips: Audio) -> str:
    """Write an array; return its SHA-256."""
    rows = np.empty(len(clips.digests), _ROW)
    rows["digest"], rows["span"] = clips.digests, clips.spans
    return _save(path, rows)


def _save(path: Path, rows: np.ndarray) -> str:
    content = io.BytesIO()
    np.save(content, rows)
    write_atomically(path, content.getvalue())
    return hashlib.sha256(content.getbuffer()).hexdigest()


def _read(path: Path, digest: object, again: str) -> ClipAudio:
    if not path.is_file():
        raise UserError(_missing(path, again))
    with as_user_error(f"{path} is damaged. {again}", OSError, SyntaxError, tokenize.TokenError):
        if sha256_of(path) != digest:
            raise ValueError("other bytes than were written")
        rows: np.ndarray = np.lib.format.open_memmap(path, mode="r")
        if rows.dtype != _ROW or rows.ndim != 1:
            raise ValueError("no clips")
        spans = rows["span"]
        if not (np.isfinite(spans["stop"]) & (spans["start"] <= spans["stop"])).all():
            raise ValueError("no seconds")
    return ClipAudio(rows["digest"], spans)


def _read_sound(path: Path, digest: object, again: str) -> Fingerprints:
    if not path.is_file():
        raise UserError(_missing(path, again))
    if sha256_of(path) != digest:
        raise UserError(f"{path} is damaged. {again}")
    landmarks = read_landmarks(path, again)
    return Fingerprints(landmarks, np.unique(landmarks["clip"]))


def _missing(path: Path, again: str) -> str:
    return f"{path} is missing, so the clips the weights were trained on are unknown. {again}"
