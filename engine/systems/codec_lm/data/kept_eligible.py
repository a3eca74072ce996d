"""The cache file of a corpus's text tokens, and of the clips that are left out."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from engine.corpus.table.manifest import Clip
from engine.system_support.left_out import LeftOut
from engine.systems.codec_lm.data.assets import CodecLmAssets
from engine.systems.codec_lm.data.eligible import Eligible, candidates_of


def write_eligible(found: Eligible, path: Path) -> None:
    """Write rows, tokens and what is left out; `read_eligible` gives the rest back."""
    why = json.dumps([[one.reason, one.detail] for one in found.left_out])
    with path.open("wb") as file:
        np.savez(
            file,
            rows=found.rows,
            tokens=np.concatenate(found.texts),
            lengths=np.array([len(text) for text in found.texts]),
            left_out=np.array([one.row for one in found.left_out], np.int64),
            why=np.frombuffer(why.encode(), np.uint8),
        )


def read_eligible(
    path: Path, clips: Sequence[Clip], num_frames: np.ndarray, assets: CodecLmAssets
) -> Eligible:
    """What `write_eligible` wrote of a manifest's clips, which have so many frames of codes."""
    with np.load(path, allow_pickle=False) as file:
        kept = {name: file[name] for name in file.files}
    rows = kept["rows"]
    texts = np.split(kept["tokens"], np.cumsum(kept["lengths"])[:-1])
    left_out = [
        LeftOut(row, clips[row].id, reason, detail)
        for row, (reason, detail) in zip(
            kept["left_out"].tolist(), json.loads(kept["why"].tobytes()), strict=True
        )
    ]
    candidates = candidates_of(
        [clips[row] for row in rows.tolist()], texts, num_frames[rows], assets
    )
    return Eligible(rows, texts, candidates, left_out)
