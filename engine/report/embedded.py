"""Sounds and pictures as data URIs, so that a page needs no file beside it."""

import base64
import io
from pathlib import Path
from typing import Literal

import numpy as np
import soundfile
import soxr

from engine.report.sound import Sound

AudioFormat = Literal["FLAC", "Opus"]
_OPUS_HZ = 48_000
_OPUS_COMPRESSION = 0.6
"""Compression level for libsndfile, from 256 kbit/s (0) to 6 (1): here 106 kbit/s."""
_WIDEST = 900
"""Largest width of a system's own picture, in pixels."""
_QUALITY = 70


def embedded_audio(sound: Sound, gain_db: float, kind: AudioFormat) -> str:
    """A sound, `gain_db` louder, as a data URI: FLAC of 16 bits loses nothing, Opus is small."""
    samples = np.clip(sound.samples * 10 ** (gain_db / 20), -1.0, 1.0)
    content = io.BytesIO()
    if kind == "FLAC":
        soundfile.write(content, samples, sound.sample_rate_hz, "PCM_16", format="FLAC")
        return _data_uri("audio/flac", content)
    resampled = soxr.resample(samples, sound.sample_rate_hz, _OPUS_HZ)
    level = _OPUS_COMPRESSION
    soundfile.write(content, resampled, _OPUS_HZ, "OPUS", format="OGG", compression_level=level)
    return _data_uri("audio/ogg", content)


def embedded_picture(file: Path) -> str | None:
    """A picture of at most 900 pixels across as a data URI; None where the file holds none."""
    from PIL import Image, UnidentifiedImageError

    content = io.BytesIO()
    try:
        with Image.open(file) as picture:
            small = picture.convert("RGBA")
            small.thumbnail((_WIDEST, 4 * _WIDEST))
            small.save(content, "WEBP", quality=_QUALITY, method=2)
    except (OSError, SyntaxError, ValueError, UnidentifiedImageError, Image.DecompressionBombError):
        return None
    return _data_uri("image/webp", content)


def _data_uri(kind: str, content: io.BytesIO) -> str:
    return f"data:{kind};base64,{base64.b64encode(content.getvalue()).decode()}"
