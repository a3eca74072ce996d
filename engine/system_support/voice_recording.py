"""A recording of a voice, from a file in any format that corpora may have."""

from pathlib import Path

import numpy as np
import soxr
import torch
from attrs import frozen
from torch import Tensor

from engine.corpus.audio.decode import AudioFile, UnusableError
from engine.errors import UserError
from engine.metrics.signal import SILENCE_DBFS, is_silent


@frozen
class Limits:
    """What a model takes of a recording."""

    sample_rate_hz: int
    shortest_seconds: float
    """Less is refused."""
    longest_seconds: float
    """What goes on is cut off there."""
    better: str
    """Which lengths are good, such as "3 to 30 s"."""


@frozen(eq=False)
class Recording:
    """A recording of a voice."""

    waveform: Tensor
    """float32 [samples] in -1..1, mono, at the rate of the limits."""
    is_cut: bool
    """Whether the file goes on beyond what is used."""


def read_voice(path: Path, limits: Limits) -> Recording:
    """The beginning of an audio file, as long as the limits allow.

    Raises UserError where the file is missing, unreadable, too short or silent.
    """
    if not path.is_file():
        raise UserError(f"There is no file {path} to take a voice from.")
    most = limits.longest_seconds
    try:
        with AudioFile(path) as file:
            rate, blocks = file.sample_rate_hz, []
            num_read = 0
            for block in file.blocks():
                blocks.append(block)
                num_read += len(block)
                if num_read > most * rate:
                    break
    except UnusableError as error:
        raise UserError(f"{path} cannot be used as a voice: {error}") from error
    samples = np.concatenate(blocks) if blocks else np.zeros(0, np.float32)
    waveform = soxr.resample(samples[: round(most * rate)], rate, limits.sample_rate_hz)
    _require_voice(waveform, path, limits)
    return Recording(torch.from_numpy(np.clip(waveform, -1.0, 1.0)), num_read > most * rate)


def _require_voice(waveform: np.ndarray, path: Path, limits: Limits) -> None:
    seconds = len(waveform) / limits.sample_rate_hz
    if seconds < limits.shortest_seconds:
        raise UserError(
            f"{path} lasts {seconds:.2f} s, too short to take a voice from. It takes at least "
            f"{limits.shortest_seconds} s, better {limits.better}."
        )
    if is_silent(waveform):
        raise UserError(
            f"{path} is silent (below {SILENCE_DBFS:g} dBFS in its first {seconds:.3g} s), so that "
            "there is no voice to take from it. Give a recording that begins with speech."
        )
