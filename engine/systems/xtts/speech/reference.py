"""A recording of a voice, from a file in any format that corpora may have."""

from pathlib import Path

import numpy as np
import soxr
import torch
from attrs import frozen
from torch import Tensor

from engine.corpus.audio.decode import AudioFile, UnusableError
from engine.errors import UserError
from engine.metrics.signal import SILENCE_DBFS
from engine.systems.xtts.network.mel import SAMPLE_RATE_HZ
from engine.systems.xtts.speech.speak import MOST_REFERENCE_SECONDS, SHORTEST_REFERENCE_SECONDS


@frozen(eq=False)
class Reference:
    """A recording of a voice."""

    waveform: Tensor
    """float32 [samples] in -1..1 at 22,050 Hz."""
    is_cut: bool
    """Whether the file goes on beyond what is used."""


def read_reference(path: Path) -> Reference:
    """The first seconds of an audio file, as many as are conditioned on.

    Raises UserError where the file is missing, unreadable, too short or silent.
    """
    if not path.is_file():
        raise UserError(f"There is no file {path} to take a voice from.")
    try:
        with AudioFile(path) as file:
            rate, blocks, most = file.sample_rate_hz, [], MOST_REFERENCE_SECONDS
            num_read = 0
            for block in file.blocks():
                blocks.append(block)
                num_read += len(block)
                if num_read > most * rate:
                    break
    except UnusableError as error:
        raise UserError(f"{path} cannot be used as a voice: {error}") from error
    samples = np.concatenate(blocks) if blocks else np.zeros(0, np.float32)
    waveform = soxr.resample(samples[: round(most * rate)], rate, SAMPLE_RATE_HZ)
    _require_voice(waveform, path)
    return Reference(torch.from_numpy(np.clip(waveform, -1.0, 1.0)), num_read > most * rate)


def _require_voice(waveform: np.ndarray, path: Path) -> None:
    seconds = len(waveform) / SAMPLE_RATE_HZ
    if seconds < SHORTEST_REFERENCE_SECONDS:
        raise UserError(
            f"{path} lasts {seconds:.2f} s, too short to take a voice from. It takes at least "
            f"{SHORTEST_REFERENCE_SECONDS} s, better 3 to 30 s."
        )
    power = float(np.square(waveform, dtype=np.float64).mean())
    if power < 10 ** (SILENCE_DBFS / 10):
        raise UserError(
            f"{path} is silent (below {SILENCE_DBFS:g} dBFS in its first {seconds:.3g} s), so that "
            "there is no voice to take from it. Give a recording that begins with speech."
        )
