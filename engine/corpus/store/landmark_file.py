"""The fingerprints of a corpus's clips, written clip by clip."""

from pathlib import Path

import numpy as np

from engine.corpus.table.rows import AGAIN
from engine.errors import UserError
from engine.evaluation.sound.landmarks import LANDMARK, read_landmarks

LANDMARKS_FILE = "landmarks.npy"


class LandmarkFile:
    """A table of landmarks, whose number of rows is known when it is finished."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w+b")
        self._num_rows = 0
        self._write_header()

    def add(self, clip: int, landmarks: np.ndarray) -> None:
        """Write the landmarks of the next clip, by its row in the manifest."""
        rows = landmarks.copy()
        rows["clip"] = clip
        self._file.write(rows.tobytes())
        self._num_rows += len(rows)

    def finish(self) -> None:
        """Write the number of rows and close the file."""
        self._file.seek(0)
        self._write_header()
        self._file.close()

    def _write_header(self) -> None:
        """Numpy leaves room for any number of rows, so that the header keeps its length."""
        header = {
            "descr": np.lib.format.dtype_to_descr(LANDMARK),
            "fortran_order": False,
            "shape": (self._num_rows,),
        }
        np.lib.format.write_array_header_1_0(self._file, header)


def open_landmarks(folder: Path) -> np.ndarray:
    """The fingerprints of a corpus, LANDMARK [landmarks].

    Raises UserError where they are damaged, or missing, as in a corpus of an older release.
    """
    path = folder / LANDMARKS_FILE
    if not path.is_file():
        raise UserError(
            f"Corpus '{folder.name}' has no fingerprints, by which clips are known that were "
            f"encoded again or sped up: {path} is missing. Run 'cantus ingest {folder.name}' "
            "(older releases made none)."
        )
    return read_landmarks(path, AGAIN)
