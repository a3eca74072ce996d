"""What a recording adds to a voice: a level, and a faint noise floor. The same each time."""

import hashlib
import wave
from pathlib import Path

import numpy as np

from engine.corpus.audio.pcm import to_int16

PEAK_DBFS = (-18.0, -3.0)
NOISE_DBFS = (-66.0, -54.0)


def random_for(*names: str | int) -> np.random.Generator:
    """A generator that depends on the names alone, not on what was drawn before."""
    text = "\n".join(str(name) for name in names)
    return np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big"))


def record(
    voice: np.ndarray,
    random: np.random.Generator,
    peak_dbfs: tuple[float, float] = PEAK_DBFS,
    noise_dbfs: tuple[float, float] = NOISE_DBFS,
) -> np.ndarray:
    """A voice (float) at a level drawn from `peak_dbfs`, over white noise: no digital silence."""
    peak = max(float(np.abs(voice).max()), 1e-9)
    noise = random.standard_normal(len(voice)) * _amplitude(random.uniform(*noise_dbfs))
    level = _amplitude(random.uniform(*peak_dbfs))
    return (voice * (level / peak) + noise).astype(np.float32)


def write_wav(path: Path, samples: np.ndarray, sample_rate_hz: int) -> None:
    """Mono float samples as a 16-bit WAV. soundfile would force each of thousands to the disk."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sample_rate_hz)
        file.writeframes(to_int16(samples).tobytes())


def _amplitude(decibels: float) -> float:
    return float(10 ** (decibels / 20))
