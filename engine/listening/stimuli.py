"""Versions of a clip matched in sample rate, loudness and length."""

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import soundfile
import soxr
from attrs import frozen

from engine.errors import UserError
from engine.report.sound import Sound, gains_to_level_db, read_sound

_PCM = 32768


@frozen
class Matched:
    """Versions of a clip at one rate, loudness and length: float32 [samples] each."""

    versions: Mapping[str, np.ndarray]
    sample_rate_hz: int
    num_silent: int
    """Silent versions, whose loudness cannot be matched."""


def sound_of(path: Path) -> Sound:
    """A sample's sound. Raises UserError where the file holds no audio."""
    sound = read_sound(path)
    if sound is None:
        raise UserError(f"The sample {path} holds no audio. Train its recipe again.")
    return sound


def matched(versions: Mapping[str, Sound]) -> Matched:
    """Bring versions of a clip to the highest of their rates, one loudness and one length.

    Shorter ones get silence behind them, so that no file is smaller than another.
    """
    rate = max(one.sample_rate_hz for one in versions.values())
    sounds = [_at(one, rate) for one in versions.values()]
    gains = [10 ** (gain / 20) for gain in gains_to_level_db(sounds)]
    longest = max(len(one.samples) for one in sounds)
    levelled = {
        name: np.pad(one.samples * np.float32(gain), (0, longest - len(one.samples)))
        for name, one, gain in zip(versions, sounds, gains, strict=True)
    }
    return Matched(levelled, rate, sum(not math.isfinite(one.lufs) for one in sounds))


def write_stimulus(
    path: Path, audio: np.ndarray, sample_rate_hz: int, noise: np.random.Generator
) -> None:
    """Write float32 [samples] as 16-bit WAV with triangular dither of one step.

    The dither differs in each file, so that the bytes of X equal neither those of A nor of B.
    """
    dither = noise.random(len(audio)) - noise.random(len(audio))
    steps = np.clip(np.rint(audio * (_PCM - 1) + dither), -_PCM, _PCM - 1).astype(np.int16)
    soundfile.write(path, steps, sample_rate_hz, subtype="PCM_16", format="WAV")


def _at(sound: Sound, sample_rate_hz: int) -> Sound:
    if sound.sample_rate_hz == sample_rate_hz:
        return sound
    samples = soxr.resample(sound.samples, sound.sample_rate_hz, sample_rate_hz, quality="HQ")
    return Sound(samples, sample_rate_hz)
