"""Retrieval: content features, blended with their nearest neighbours of the trained voice."""

from pathlib import Path

import faiss
import numpy as np
from attrs import frozen

from engine.errors import UserError
from engine.systems.rvc.index.build import NEIGHBOURS
from engine.systems.rvc.notes import IndexNote, from_json, index_note_path

_SMALLEST = 1e-6
"""Smallest squared distance, so that a feature which is in the index outweighs all others. RVC
divides by 0 there, and the frame is lost."""


@frozen(eq=False)
class Retrieval:
    """A retrieval index in memory."""

    index: faiss.Index

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """The blend of each feature's eight nearest neighbours, float32 [T, dim] as `features`.

        Weights are the inverse of the distance to the fourth power, as in RVC. A feature for which
        nothing is found stays as it is.
        """
        features = np.ascontiguousarray(features, np.float32)
        squared, places, vectors = self.index.search_and_reconstruct(features, NEIGHBOURS)
        distances = np.where(places < 0, 1.0, np.maximum(squared, _SMALLEST))
        weights = (places >= 0) / distances**2
        total = weights.sum(1, keepdims=True)
        vectors[places < 0] = 0.0
        blend = np.einsum("tk,tkd->td", weights / np.where(total, total, 1.0), vectors)
        return np.where(total, blend, features).astype(np.float32)


def read_index(path: Path, dim: int, content: str) -> Retrieval:
    """Read an index for features of `dim` values from a content encoder of this digest.

    An index of another program has no note of its encoder: only `dim` is checked. Raises UserError
    where the index is missing, damaged or empty, or belongs to other features.
    """
    if not path.is_file():
        raise UserError(f"There is no retrieval index {path}.")
    try:
        index = faiss.read_index(str(path))
    except (RuntimeError, MemoryError) as error:
        reason = str(error).strip().splitlines()[-1][-200:]
        raise UserError(f"{path} is not a faiss index, or is damaged: {reason}") from error
    _require_fit(path, index, dim, content)
    return Retrieval(index)


def _require_fit(path: Path, index: faiss.Index, dim: int, content: str) -> None:
    if index.d != dim:
        raise UserError(
            f"The vectors of {path} have {index.d} values, the model's content features {dim}: it "
            "is the index of a model of another version (v1 has 256 values, v2 has 768)."
        )
    if index.metric_type != faiss.METRIC_L2:
        raise UserError(f"{path} does not search by Euclidean distance: RVC's indices do.")
    if not index.ntotal:
        raise UserError(
            f"{path} holds no vectors: RVC's files trained_*.index do not; give added_*.index."
        )
    note = read_note(path)
    if note is not None and note.content != content:
        raise UserError(
            f"{path} was made of the features of another content model ({note.content[:12]}, here "
            f"{content[:12]}): give the index that was exported with the model, or no index."
        )


def read_note(index: Path) -> IndexNote | None:
    """The note of an index; None for an index of another program.

    Raises UserError where the note is damaged.
    """
    path = index_note_path(index)
    return from_json(path.read_bytes(), IndexNote, path) if path.is_file() else None
