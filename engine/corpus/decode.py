"""Any audio file as blocks of mono float32, in memory that does not grow with its length."""

import contextlib
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import numpy as np
import soundfile

from engine.corpus.manifest import Reason

BLOCK_FRAMES = 1 << 16
"""Frames decoded at a time, whatever the header promises."""

MP3_TOLERANCE = 0.1
"""An MP3 header only estimates its length: this share of it may be missing."""

# A recorder that writes to a pipe cannot know the length and puts the largest one there.
_UNKNOWN_BYTES = 0x7FFFF000
_SHORT_CHUNK = re.compile(r"^\s*(?:data|SSND) : (\d+) \(should be (\d+)\)", re.MULTILINE)


class UnusableError(Exception):
    """Why a file cannot be a clip: a reason of the manifest's closed list, and the particulars."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason: Reason = reason
        self.detail = detail


class AudioFile:
    """An open audio file. What it holds is judged by its content; its name is only a hint.

    Raises UnusableError ("unreadable") where no decoder recognises it.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._file = soundfile.SoundFile(_without_name(path))
        except soundfile.LibsndfileError as error:
            raise UnusableError("unreadable", _why_unreadable(path, error)) from error
        except OSError as error:
            raise UnusableError("unreadable", error.strerror or str(error)) from error
        self.sample_rate_hz: int = self._file.samplerate
        self.num_channels: int = self._file.channels
        self.num_decoded = 0

    def __enter__(self) -> "AudioFile":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def blocks(self) -> Iterator[np.ndarray]:
        """Mono float32 blocks of at most BLOCK_FRAMES: the mean of the channels.

        Full scale is 1.0; float files may exceed it. Raises UnusableError where samples are not
        finite, the decoder fails on the way, or the file ends before its header says it does.
        """
        while len(block := self._read()):
            if not np.isfinite(block).all():
                raise UnusableError(
                    "not finite", f"NaN or infinity after frame {self.num_decoded:,}"
                )
            self.num_decoded += len(block)
            yield block.mean(axis=1, dtype=np.float32)
        self._check_length()

    def _read(self) -> np.ndarray:
        try:
            block: np.ndarray = self._file.read(BLOCK_FRAMES, dtype="float32", always_2d=True)
        except soundfile.LibsndfileError as error:
            if not self.num_decoded:
                raise UnusableError("unreadable", f"the decoder failed: {_plain(error)}") from error
            place = f"between {self.num_decoded:,} and {self._file.frames:,} frames"
            said = f"the decoder failed {place}: {_plain(error)}"
            raise UnusableError("truncated", said) from error
        return block

    def _check_length(self) -> None:
        short = _SHORT_CHUNK.search(self._file.extra_info)
        if short and int(short[1]) < _UNKNOWN_BYTES and int(short[2]) < int(short[1]):
            promised, present = int(short[1]), int(short[2])
            raise UnusableError(
                "truncated", f"{present:,} of {promised:,} bytes of audio are there"
            )
        counts = f"{self.num_decoded:,} frames decoded, the header says {self._file.frames:,}"
        if self._file.format != "MP3" and self.num_decoded < self._file.frames:
            raise UnusableError("truncated", counts)
        if self.num_decoded < self._file.frames * (1 - MP3_TOLERANCE):
            raise UnusableError("header disagrees", counts)


@contextlib.contextmanager
def quiet_decoders() -> Iterator[None]:
    """Keep what C decoders print to stderr about odd files from the screen.

    What they find wrong comes back as an error or as missing frames.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _without_name(path: Path) -> int | bytes:
    # A descriptor has no name that could mislead; an MP3 that starts with rubbish needs its name.
    return os.fsencode(path) if path.suffix.lower() == ".mp3" else os.open(path, os.O_RDONLY)


def _why_unreadable(path: Path, error: Exception) -> str:
    with path.open("rb") as file:
        start = file.read(64)
    if not start:
        return "the file has no bytes"
    if start.startswith(b"version https://git-lfs"):
        return "a Git LFS pointer instead of audio: run 'git lfs pull' where it came from"
    if path.suffix.lower() == ".mp3":
        return "no decoder finds MP3 audio in it"  # libsndfile says that it does not exist
    return f"no decoder reads it: {_plain(error)}"


def _plain(error: Exception) -> str:
    text = getattr(error, "error_string", str(error))
    return text.strip().removeprefix("Error : ").rstrip(".")
