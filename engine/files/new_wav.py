"""WAV files that are written piece by piece."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import soundfile

from engine.errors import UserError
from engine.files.atomic import drop_leftovers, sync

_LARGEST_WAV = (1 << 32) - 4096
"""Bytes that a plain WAV can hold."""


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

    `num_samples` is about how many each channel will have: above 4 GB the file is an RF64. It gets
    its name when the block is done, and is deleted where that fails; leftovers of killed processes
    are deleted too. Raises UserError where it cannot be written.
    """
    drop_leftovers(path)
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
