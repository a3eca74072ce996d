"""The first decoder: libsndfile, which reads most of what people have and is fast."""

import io
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from engine.corpus.audio.decoder import BLOCK_FRAMES, DecoderError

HEAD_BYTES = 4096
"""Of a file's start, in which its header lies."""
UNKNOWN_FRAMES = 2**63 - 1
"""The number of frames libsndfile reports where a header does not say."""
UNKNOWN_BYTES = 0x7FFFF000
"""A recorder that writes to a pipe cannot know the length and puts this or more there."""

_CHUNKS = r"data|SSND|BODY|riff|Riff size|Data Size"
_SHORT_CHUNK = re.compile(rf"^\s*(?:{_CHUNKS})\s*: (\d+) \(should be (\d+)\)", re.MULTILINE)


class SndfileDecoder:
    """A file as libsndfile reads it. Raises DecoderError where it does not.

    `opened` is the descriptor of the file `path`, or the file itself mended; the decoder closes it,
    whatever happens.
    """

    def __init__(self, path: Path, opened: "int | MendedWav") -> None:
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
        if isinstance(self._opened, MendedWav):
            self._opened.close()

    def missing_bytes(self) -> str | None:
        """How many bytes of audio the header promises and the file lacks; None where none."""
        short = _SHORT_CHUNK.search(self._file.extra_info)
        if short and int(short[2]) < int(short[1]) < UNKNOWN_BYTES:
            return f"{int(short[2]):,} of {int(short[1]):,} bytes of audio are there"
        return None


class MendedWav(io.FileIO):
    """A WAV whose recorder left 0 as the length of its data, with "unknown" in that place."""

    EMPTY_DATA = b"data" + bytes(4)

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        head = self.read(HEAD_BYTES)
        self._head = head[: head.index(self.EMPTY_DATA)] + b"data" + b"\xff" * 4
        self.seek(0)

    def readinto(self, buffer: Any) -> int:
        """As any file does."""
        start = self.tell()
        num_bytes = super().readinto(buffer)
        mended = self._head[start : start + num_bytes]
        buffer[: len(mended)] = mended
        return num_bytes


def _without_name(path: Path, opened: int | MendedWav) -> int | bytes | MendedWav:
    """What to open: a descriptor has no name that could mislead."""
    if isinstance(opened, MendedWav) or not _needs_name(path):
        return opened
    os.close(opened)
    return os.fsencode(path)


def _needs_name(path: Path) -> bool:
    # libsndfile finds an MP3 that starts with rubbish by its name alone.
    return path.suffix.lower() == ".mp3"


def _plain(error: soundfile.LibsndfileError) -> str:
    return str(error.error_string).strip().removeprefix("Error : ").rstrip(".")
