"""The first decoder: libsndfile, which reads most of what people have and is fast."""

import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from engine.corpus.audio.chunks import Samples
from engine.corpus.audio.decoder import BLOCK_FRAMES, DecoderError

UNKNOWN_FRAMES = 2**63 - 1
"""The number of frames libsndfile reports where a header does not say."""


class SndfileDecoder:
    """A file as libsndfile reads it. Raises DecoderError where it does not.

    `opened` is the descriptor of the file `path`, or the file itself mended; the decoder closes it,
    whatever happens.
    """

    def __init__(self, path: Path, opened: "int | MendedFile") -> None:
        self._opened = opened
        try:
            self._file = soundfile.SoundFile(_without_name(path, opened))
        except soundfile.LibsndfileError as error:
            # Of an MP3 that it cannot read libsndfile says that it is no file.
            said = "no MP3 audio in it" if _needs_name(path) else _plain(error)
            raise DecoderError(said) from error
        self.sample_rate_hz: int = self._file.samplerate
        self.num_channels: int = self._file.channels
        self.num_frames: int = self._file.frames
        self.format: str = self._file.format
        self.subtype: str = self._file.subtype

    def read(self) -> np.ndarray:
        """The next frames, as `Decoder` says."""
        try:
            block: np.ndarray = self._file.read(BLOCK_FRAMES, dtype="float32", always_2d=True)
        except soundfile.LibsndfileError as error:
            raise DecoderError(_plain(error)) from error
        return block

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()
        if isinstance(self._opened, MendedFile):
            self._opened.close()


class MendedFile(io.FileIO):
    """A file whose recorder left no length of its samples, with the true one in that place."""

    def __init__(self, path: Path, samples: Samples) -> None:
        super().__init__(path)
        self._at, self._size = samples.true_size

    def readinto(self, buffer: Any) -> int:
        """Read bytes into a buffer, as any file does."""
        start = self.tell()
        num_bytes = super().readinto(buffer)
        begin, end = max(start, self._at), min(start + num_bytes, self._at + len(self._size))
        if begin < end:
            buffer[begin - start : end - start] = self._size[begin - self._at : end - self._at]
        return num_bytes


def _without_name(path: Path, opened: int | MendedFile) -> int | bytes | MendedFile:
    """What to open: a descriptor has no name that could mislead."""
    if isinstance(opened, MendedFile) or not _needs_name(path):
        return opened
    os.close(opened)
    return os.fsencode(path)


def _needs_name(path: Path) -> bool:
    # libsndfile finds an MP3 that starts with rubbish by its name alone.
    return path.suffix.lower() == ".mp3"


def _plain(error: soundfile.LibsndfileError) -> str:
    return str(error.error_string).strip().removeprefix("Error : ").rstrip(".")
