"""The retrieval index of a voice: the content features of its training clips (faiss).

As RVC builds it (`train_index.py`), but: search is exact where that is fast, and elsewhere looks
through as many lists as it takes to find 95 % of the neighbours, where RVC looks through one.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from time import process_time

import faiss
import numpy as np
from attrs import evolve

from engine.errors import UserError
from engine.files.atomic import sync, write_atomically
from engine.systems.rvc.notes import IndexNote, index_note_path, to_json

NEIGHBOURS = 8
"""Number of neighbours that a feature is blended with, as in RVC."""
EXACT_BELOW = 100_000
"""Vectors, half an hour of speech: to compare a query with all of them takes 2 ms."""
RECALL = 0.95
_MOST_LISTS = 4096
"""RVC's rule makes more from an hour of speech on: for ten, k-means would take a core two hours."""
_VECTORS_A_LIST = (39, 64)
"""Fewest vectors per list, by faiss's and RVC's rule; and most vectors per list in k-means."""
_MOST_QUERIES = 512
_SEED = 1234

Progress = Callable[[int, int], None]
"""Called with the number of clips done, and of all clips."""


def _unseen(done: int, total: int) -> None:
    """Show no progress."""


def write_index(
    folder: Path,
    name: str,
    version: str,
    clips: Sequence[np.ndarray],
    queries: np.ndarray,
    content: str,
    progress: Progress = _unseen,
) -> Path:
    """Build the index of a voice and write it as RVC WebUI finds it, with a note beside.

    Args:
        folder: Where to.
        name: Of the model, as the `.pth` is called without its ending.
        version: "v1" or "v2".
        clips: Features float32 [frames, dim] of each training clip, without the mute ones.
        queries: Features [n, dim] of clips that are not among them, to measure recall with.
        content: Digest of the content encoder.
        progress: Called after every clip.

    Raises UserError where there are fewer vectors than neighbours.

    """
    index, note = build_index(clips, queries, content, progress)
    path = folder / f"{_title(note)}_{name}_{version}.index"
    beside = folder / f".{path.name}.new"
    faiss.write_index(index, str(beside))
    sync(beside)
    write_atomically(index_note_path(path), f"{to_json(note)}\n")
    beside.replace(path)
    sync(folder)
    return path


def build_index(
    clips: Sequence[np.ndarray], queries: np.ndarray, content: str, progress: Progress
) -> tuple[faiss.Index, IndexNote]:
    """The index and its note. See `write_index`."""
    lengths = [len(clip) for clip in clips]
    number = sum(lengths)
    if number < NEIGHBOURS:
        raise UserError(
            f"The training clips hold {number} content features, and a retrieval index needs "
            f"{NEIGHBOURS}: train on more audio."
        )
    index = _empty(clips, number)
    for done, clip in enumerate(clips):
        index.add(np.ascontiguousarray(clip, np.float32))
        progress(done + 1, len(clips))
    note = IndexNote(
        content=content,
        dim=index.d,
        vectors=number,
        clips=len(clips),
        lists=1,
        probed=1,
        recall=1.0,
        queries=0,
        milliseconds=0.0,
    )
    return index, _measured(index, note, _evenly(queries, _MOST_QUERIES))


def _title(note: IndexNote) -> str:
    return "added_Flat" if note.lists == 1 else f"added_IVF{note.lists}_Flat_nprobe_{note.probed}"


def _empty(clips: Sequence[np.ndarray], number: int) -> faiss.Index:
    """An index of the right kind, which has learned its lists and holds no vector yet."""
    dim = clips[0].shape[1]
    if number < EXACT_BELOW:
        return faiss.IndexFlatL2(dim)
    fewest, learned_from = _VECTORS_A_LIST
    lists = min(int(16 * number**0.5), number // fewest, _MOST_LISTS)
    index = faiss.IndexIVFFlat(faiss.IndexFlatL2(dim), dim, lists, faiss.METRIC_L2)
    index.cp.seed = _SEED
    step = max(1, number // (lists * learned_from))
    index.train(np.concatenate([clip[::step] for clip in clips]).astype(np.float32))
    return index


def _measured(index: faiss.Index, note: IndexNote, queries: np.ndarray) -> IndexNote:
    """Set how many lists are probed, and note what that finds and takes."""
    if not isinstance(index, faiss.IndexIVF):
        return evolve(note, queries=len(queries), milliseconds=_milliseconds(index, queries))
    lists = int(index.nlist)
    nearest = _found(index, queries, lists)
    probed, recall = 1, _share_of(nearest, _found(index, queries, 1))
    while recall < RECALL and probed < lists:
        probed = min(2 * probed, lists)
        recall = _share_of(nearest, _found(index, queries, probed))
    index.nprobe = probed
    return evolve(
        note,
        lists=lists,
        probed=probed,
        recall=recall,
        queries=len(queries),
        milliseconds=_milliseconds(index, queries),
    )


def _found(index: faiss.IndexIVF, queries: np.ndarray, probed: int) -> np.ndarray:
    index.nprobe = probed
    places: np.ndarray = index.search(queries, NEIGHBOURS)[1]
    return places


def _share_of(nearest: np.ndarray, found: np.ndarray) -> float:
    pairs = zip(nearest.tolist(), found.tolist(), strict=True)
    return sum(len({*near} & {*one}) for near, one in pairs) / nearest.size


def _milliseconds(index: faiss.Index, queries: np.ndarray) -> float:
    started = process_time()
    index.search(queries, NEIGHBOURS)
    return round(1000 * (process_time() - started) / len(queries), 4)


def _evenly(vectors: np.ndarray, most: int) -> np.ndarray:
    assert len(vectors), "how well an index finds is measured with held-out features"
    step = max(1, len(vectors) // most)
    return np.ascontiguousarray(vectors[::step][:most], np.float32)
