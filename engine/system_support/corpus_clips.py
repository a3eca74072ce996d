"""Clips of a corpus, as every system's own set of clips begins."""

from pathlib import Path
from typing import Any, Self

import numpy as np
from attrs import evolve, frozen

from engine.corpus import Corpus
from engine.corpus.store.landmark_file import open_landmarks
from engine.evaluation.audio import SPAN
from engine.evaluation.digests import as_digests
from engine.evaluation.sound.landmarks import Fingerprints
from engine.split.columns import span_of


@frozen(kw_only=True, eq=False)
class CorpusClipSet:
    """What a `ClipSet` is but for its batches: a subclass adds `lengths` and `batch`."""

    ids: tuple[str, ...]
    rows: np.ndarray
    """Each clip's row in the manifest, and in packed audio."""
    digests: np.ndarray
    """SHA-256 of each clip's decoded audio, uint8 [clips, 32]."""
    spans: np.ndarray
    """Where in which file each clip lies, SPAN [clips]."""
    corpus_folder: Path | None = None
    """Where the corpus lies that the rows are of, and its fingerprints."""

    @classmethod
    def of_corpus(cls, corpus: Corpus, rows: np.ndarray | None = None, /, **more: Any) -> Self:
        """The clips at these rows of the manifest, or all; `more` are the subclass's own fields."""
        rows = np.arange(len(corpus.manifest.clips)) if rows is None else rows
        clips = (corpus.manifest.clips[row] for row in rows.tolist())
        known = [(clip.id, clip.sha256, span_of(clip)) for clip in clips]
        return cls(
            ids=tuple(id_ for id_, _, _ in known),
            rows=rows,
            digests=as_digests(digest for _, digest, _ in known),
            spans=np.array([span for _, _, span in known], SPAN),
            corpus_folder=corpus.folder,
            **more,
        )

    def only(self, places: np.ndarray) -> Self:
        """The set that holds the clips at `places` of this one, in their order."""
        return evolve(
            self,
            ids=tuple(self.ids[place] for place in places.tolist()),
            rows=self.rows[places],
            digests=self.digests[places],
            spans=self.spans[places],
        )

    @property
    def fingerprints(self) -> Fingerprints | None:
        """Fingerprints of the clips, each once; None where the corpus is not known."""
        if self.corpus_folder is None:
            return None
        rows = np.unique(self.rows[self.rows >= 0])
        return Fingerprints(open_landmarks(self.corpus_folder), rows)

    def __len__(self) -> int:
        return len(self.ids)
