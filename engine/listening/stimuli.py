"""Versions of a clip that differ in nothing but how they sound: rate, level and length are one."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import soundfile
import soxr
from attrs import frozen

from engine.errors import UserError
from engine.metrics.loudness import loudness_of

LOUDNESS_LUFS = -23.0
"""EBU R 128; lower for all versions of a clip where one of them would clip."""
_HIGHEST_PEAK = 10 ** (-1 / 20)
_PCM = 32768


@frozen
class Recording:
    """Mono audio: float32 [samples] in -1..1."""

    audio: np.ndarray
    sample_rate_hz: int

    def at(self, sample_rate_hz: int) -> "Recording":
        """The same at another rate."""
        if sample_rate_hz == self.sample_rate_hz:
            return self
        audio = soxr.resample(self.audio, self.sample_rate_hz, sample_rate_hz, quality="HQ")
        return Recording(audio, sample_rate_hz)


@frozen
class Matched:
    """Versions of a clip at one rate, loudness and length: float32 [samples] each."""

    versions: Mapping[str, np.ndarray]
    sample_rate_hz: int
    silent: tuple[str, ...]
    """Versions without anything to be matched by."""


def read_recording(path: Path) -> Recording:
    """A file's audio, its channels averaged. Raises UserError where it is damaged or empty."""
    try:
        audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (OSError, soundfile.LibsndfileError) as error:
        raise UserError(
            f"The sample {path} cannot be read: {error}. Train its recipe anew."
        ) from error
    if not len(audio) or not np.isfinite(audio).all():
        raise UserError(f"The sample {path} holds no audio. Train its recipe anew.")
    return Recording(audio.mean(axis=1), int(rate))


def matched(versions: Mapping[str, Recording]) -> Matched:
    """Bring versions of a clip to the highest of their rates, one loudness and one length.

    Shorter ones get silence behind them, so that no file is smaller than another.
    """
    rate = max(one.sample_rate_hz for one in versions.values())
    at_rate = {name: one.at(rate).audio for name, one in versions.items()}
    gains, silent = {}, []
    for name, audio in at_rate.items():
        loudness = float(loudness_of(audio[None], rate)[0])
        gains[name] = 10 ** ((LOUDNESS_LUFS - loudness) / 20) if np.isfinite(loudness) else 1.0
        silent += [] if np.isfinite(loudness) else [name]
    peak = max(float(np.abs(audio).max()) * gains[name] for name, audio in at_rate.items())
    room = min(1.0, _HIGHEST_PEAK / peak) if peak > 0 else 1.0
    longest = max(map(len, at_rate.values()))
    levelled = {
        name: np.pad(audio * np.float32(gains[name] * room), (0, longest - len(audio)))
        for name, audio in at_rate.items()
    }
    return Matched(levelled, rate, tuple(silent))


def write_stimulus(
    path: Path, audio: np.ndarray, sample_rate_hz: int, noise: np.random.Generator
) -> None:
    """Write float32 [samples] as 16-bit WAV with triangular dither of one step.

    The dither is another one in each file, so that the bytes of X are neither those of A nor of B.
    """
    dither = noise.random(len(audio)) - noise.random(len(audio))
    steps = np.clip(np.rint(audio * (_PCM - 1) + dither), -_PCM, _PCM - 1).astype(np.int16)
    soundfile.write(path, steps, sample_rate_hz, subtype="PCM_16", format="WAV")
