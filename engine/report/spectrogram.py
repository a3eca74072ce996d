"""Spectrograms of samples as small pictures inside the page, on one time axis."""

import base64
import io
from functools import cache

import numpy as np

from engine.report.sound import Sound

WIDTH, HEIGHT = 480, 120
"""Size of a picture, in pixels."""
RANGE_DB = 80.0
_WINDOW_SECONDS = 0.032
_HIGHEST_HZ = 12_000.0
_SMALLEST = 1e-10
_MOST_DIFFERENT_DB = 30.0
_QUALITY = 55


def mel_picture(sound: Sound, span: float, gain_db: float = 0.0) -> np.ndarray:
    """Power in dB [bands, columns] of a sound up to its end; `WIDTH` columns are `span` seconds.

    Bands are evenly spaced in mels (O'Shaughnessy, 1987) up to half the sample rate, or 12 kHz.
    """
    size = 2 * round(_WINDOW_SECONDS * sound.sample_rate_hz / 2)
    columns = max(1, min(WIDTH, round(WIDTH * sound.seconds / span)))
    padded = np.pad(sound.samples, (size // 2, size))
    centres = (np.arange(columns) + 0.5) / columns * len(sound.samples)
    frames = padded[centres.astype(int)[:, None] + np.arange(size)] * np.hanning(size)
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2 / size
    bands = power @ _bands(size, sound.sample_rate_hz)
    decibels: np.ndarray = 10 * np.log10(np.maximum(bands, _SMALLEST)).T + gain_db
    return decibels


def as_picture(decibels: np.ndarray, loudest_db: float) -> str:
    """A data URI of a spectrogram: black is 80 dB or more below the loudest of its clip."""
    return _encoded((decibels - loudest_db) / RANGE_DB + 1, "magma")


def as_difference(decibels: np.ndarray, other: np.ndarray, loudest_db: float) -> str:
    """A data URI of a spectrogram minus another: red has more power, blue less, 30 dB at most."""
    floor = loudest_db - RANGE_DB
    columns = min(decibels.shape[1], other.shape[1])
    pair = (np.maximum(one[:, :columns], floor) for one in (decibels, other))
    ours, theirs = pair
    return _encoded((ours - theirs) / (2 * _MOST_DIFFERENT_DB) + 0.5, "RdBu_r")


def _encoded(shares: np.ndarray, colours: str) -> str:
    """Shares [bands, columns] of a colour map as WebP of `WIDTH`, transparent behind its end."""
    from matplotlib import colormaps  # takes a while, as Pillow does: only when something is drawn
    from PIL import Image

    pixels = colormaps[colours](np.clip(shares[::-1], 0.0, 1.0), bytes=True)
    missing = WIDTH - pixels.shape[1]
    padded = np.pad(pixels, ((0, 0), (0, missing), (0, 0)))
    content = io.BytesIO()
    Image.fromarray(padded).save(content, "WEBP", quality=_QUALITY, method=2)
    return f"data:image/webp;base64,{base64.b64encode(content.getvalue()).decode()}"


@cache
def _bands(size: int, sample_rate_hz: int) -> np.ndarray:
    """Weights [bins, bands] of triangles; a band that falls between two bins takes the nearest."""
    highest = min(_HIGHEST_HZ, sample_rate_hz / 2)
    mels = np.linspace(0.0, _mel(highest), HEIGHT + 2)
    edges = 700 * (10 ** (mels / 2595) - 1)
    bins = np.fft.rfftfreq(size, 1 / sample_rate_hz)[:, None]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    weights: np.ndarray = np.maximum(0.0, np.minimum(rising, falling))
    nearest = np.abs(bins - edges[1:-1]).argmin(axis=0)
    empty = weights.sum(axis=0) == 0
    weights[nearest[empty], np.flatnonzero(empty)] = 1.0
    weights /= weights.sum(axis=0)
    return weights


def _mel(hertz: float) -> float:
    return float(2595 * np.log10(1 + hertz / 700))
