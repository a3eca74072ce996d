"""The retrieval index of a run, from its training clips."""

from pathlib import Path

import numpy as np

from engine.systems.rvc.data.recordings import Recordings
from engine.systems.rvc.index.build import write_index
from engine.terminal.file_progress import file_progress


def export_index(recordings: Recordings, folder: Path, name: str, version: str) -> Path:
    """Write the index of all training slices but those of silence; see `write_index`.

    How well it finds is measured with the clips that are held out, none of which is in it.
    """
    learned, held_out = recordings.spoken.content, recordings.evaluation.slices.content
    content = recordings.methods.content.digest
    with file_progress("indexing") as progress:
        return write_index(
            folder, name, version, learned, np.concatenate(held_out), content, progress
        )
