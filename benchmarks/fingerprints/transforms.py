"""What happens to a clip on its way into another corpus."""

import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
import soxr

from benchmarks.fingerprints.clips import RATE_HZ

Clips = list[np.ndarray]

_GAP = np.zeros(RATE_HZ // 2, np.float32)


def transformed(clips: Clips) -> dict[str, Clips]:
    """The clips after each transform, and after several."""
    random = np.random.default_rng(17)
    mp3 = _encoded(clips, "mp3", "-c:a", "libmp3lame", "-b:a", "32k")
    opus = _encoded(clips, "opus", "-c:a", "libopus", "-b:a", "16k")

    def noisy(one: np.ndarray) -> np.ndarray:
        level = np.sqrt(np.square(one).mean()) * 10 ** (-20 / 20)
        return np.asarray(one + level * random.standard_normal(len(one)), np.float32)

    def each(change: Callable[[np.ndarray], np.ndarray], some: Clips) -> Clips:
        return [change(one) for one in some]

    narrow = each(_narrow, clips)
    return {
        "MP3 32 kbit/s": mp3,
        "Opus 16 kbit/s": opus,
        "8 kHz and back": narrow,
        "gain -20 dB": each(lambda one: 0.1 * one, clips),
        "a tenth cut off at both ends": each(_cut, clips),
        "white noise at 20 dB": each(noisy, clips),
        "3 % slower": each(lambda one: _at_speed(one, 0.97), clips),
        "3 % faster": each(lambda one: _at_speed(one, 1.03), clips),
        "1.5 % faster": each(lambda one: _at_speed(one, 1.015), clips),
        "MP3, noise, cut": each(_cut, each(noisy, mp3)),
        "Opus, 3 % faster": each(lambda one: _at_speed(one, 1.03), opus),
        "8 kHz, noise, 3 % slower, cut": each(
            lambda one: _cut(_at_speed(noisy(one), 0.97)), narrow
        ),
    }


def _narrow(one: np.ndarray) -> np.ndarray:
    return np.asarray(soxr.resample(soxr.resample(one, RATE_HZ, 8_000), 8_000, RATE_HZ))


def _cut(one: np.ndarray) -> np.ndarray:
    return one[len(one) // 10 : len(one) - len(one) // 10]


def _at_speed(one: np.ndarray, speed: float) -> np.ndarray:
    """Play faster, like a tape: pitch, resonances and pace change."""
    return np.asarray(soxr.resample(one, RATE_HZ * speed, RATE_HZ), np.float32)


def _encoded(clips: Clips, suffix: str, *codec: str) -> Clips:
    """Encoded by ffmpeg, one behind another with half a second between, and decoded."""
    level = [one / max(1.0, float(np.abs(one).max())) for one in clips]
    with tempfile.TemporaryDirectory() as place:
        plain, coded, back = (Path(place) / name for name in ("a.wav", f"b.{suffix}", "c.wav"))
        soundfile.write(
            plain, np.concatenate([part for one in level for part in (one, _GAP)]), RATE_HZ
        )
        _ffmpeg("-i", str(plain), *codec, str(coded))
        _ffmpeg("-i", str(coded), "-ar", str(RATE_HZ), "-ac", "1", str(back))
        samples, _ = soundfile.read(back, dtype="float32")
    ends = np.cumsum([len(one) + len(_GAP) for one in clips])
    samples = np.pad(samples, (0, max(0, int(ends[-1]) - len(samples))))
    pairs = zip(ends, clips, strict=True)
    return [samples[end - len(_GAP) - len(one) : end - len(_GAP)] for end, one in pairs]


def _ffmpeg(*arguments: str) -> None:
    subprocess.run(["ffmpeg", "-y", "-loglevel", "error", *arguments], check=True)
