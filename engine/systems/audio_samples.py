"""Audio that is made: which clips samples are made of, and how files are written."""

import io
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soundfile

from engine.errors import UserError
from engine.files.atomic import sync

_LARGEST_WAV = (1 << 32) - 4096
"""Bytes that a plain WAV can hold."""


def write_wav(path: Path, samples: np.ndarray, sample_rate_hz: int) -> None:
    """Write mono samples [samples] in -1..1 as 16-bit WAV; what lies beyond is clipped."""
    content = io.BytesIO()  # given a path, libsndfile does not say why it failed
    clipped = np.clip(samples, -1.0, 1.0)
    soundfile.write(content, clipped, sample_rate_hz, subtype="PCM_16", format="WAV")
    path.write_bytes(content.getvalue())


@contextmanager
def new_wav(
    path: Path,
    sample_rate_hz: int,
    num_channels: int,
    num_samples: int,
    *,
    as_float: bool = False,
) -> Iterator[soundfile.SoundFile]:
    """A WAV that is written piece by piece, of 16 bits or 32-bit floats.

    `num_samples` is about how many each channel will have: above 4 GB the file is an RF64. It takes
    its name when the block is done, and is deleted where that fails. Raises UserError where it
    cannot be written.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    kind, width = ("FLOAT", 4) if as_float else ("PCM_16", 2)
    container = "RF64" if num_samples * num_channels * width > _LARGEST_WAV else "WAV"
    facts = (sample_rate_hz, num_channels, kind)
    try:
        with soundfile.SoundFile(beside, "w", *facts, format=container) as wav:
            yield wav
        sync(beside)
        beside.replace(path)
        sync(path.parent)
    except soundfile.LibsndfileError as error:
        raise UserError(f"{path} could not be written: {error}") from error
    finally:
        beside.unlink(missing_ok=True)


def spread_over(labels: Sequence[str], number: int) -> list[int]:
    """Indices of at most `number` clips, evenly chosen, of as many different labels as possible."""
    seen: dict[str, int] = {}
    turns = []
    for index, label in enumerate(labels):
        seen[label] = seen.get(label, 0) + 1
        turns.append((seen[label], label, index))
    first = sorted(turns)[: max(number, len(seen))]
    kept = min(number, len(first))
    return [first[k * len(first) // kept][2] for k in range(kept)]
