"""The clips that are measured: all that folders hold, as mono float32 at 24 kHz."""

from pathlib import Path

import numpy as np
import soxr
from attrs import frozen

from engine.corpus.audio.decode import AudioFile, UnusableError
from engine.corpus.audio.suffixes import AUDIO_SUFFIXES
from engine.corpus.measure.fingerprint import Fingerprint

RATE_HZ = 24_000
LENGTHS = {"words, to 1.5 s": (0.2, 1.5), "1.5 to 6 s": (1.5, 6.0), "over 6 s": (6.0, 30.0)}


@frozen(eq=False)
class Sound:
    """A clip."""

    path: Path
    samples: np.ndarray

    @property
    def seconds(self) -> float:
        """Length of the clip."""
        return len(self.samples) / RATE_HZ

    @property
    def repeats(self) -> str:
        """What clips have in common that are one voice's takes of a text: Free Spoken Digits."""
        parts = self.path.stem.split("_")
        is_take = len(parts) == 3 and parts[0].isdigit() and parts[2].isdigit()
        return "_".join(parts[:2]) if is_take else str(self.path)


def sounds_in(folder: Path) -> list[Sound]:
    """The clips of a folder that can be read, are not silent, and have a fingerprint."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in AUDIO_SUFFIXES)
    read = ((path, _read(path)) for path in paths)
    return [Sound(path, one) for path, one in read if one is not None]


def _read(path: Path) -> np.ndarray | None:
    try:
        with AudioFile(path) as audio:
            blocks, rate = list(audio.blocks()), audio.sample_rate_hz
    except UnusableError:
        return None
    samples = np.concatenate([np.zeros(0, np.float32), *blocks])
    if len(samples) < 0.2 * rate or np.abs(samples).max() < 1e-3:
        return None
    return np.asarray(soxr.resample(samples, rate, RATE_HZ), np.float32)


def landmarks_of_all(samples: list[np.ndarray]) -> np.ndarray:
    """A table of the landmarks of some clips, numbered by their order."""
    tables = []
    for number, one in enumerate(samples):
        fingerprint = Fingerprint(RATE_HZ)
        fingerprint.add(one)
        tables.append(fingerprint.finish())
        tables[-1]["clip"] = number
    return np.concatenate(tables)
