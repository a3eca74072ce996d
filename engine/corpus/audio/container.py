"""What a file's bytes say beside its samples: whether it is audio, and where it should end."""

import os
import re
from pathlib import Path

from engine.corpus.audio.mp3 import Mp3Frames, scan_mp3
from engine.corpus.audio.ogg import MAGIC as OGG_MAGIC
from engine.corpus.audio.ogg import check_ogg
from engine.corpus.audio.sndfile import (
    HEAD_BYTES,
    UNKNOWN_BYTES,
    UNKNOWN_FRAMES,
    MendedWav,
    SndfileDecoder,
)
from engine.corpus.audio.unusable import UnusableError

MP3_SLACK = 4 * 1152
"""Samples that a sound MP3 may lack: what encoders put before and behind, which decoders drop."""

_NIST_COUNT = re.compile(rb"^sample_count -i (\d+)", re.MULTILINE)
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")


class Container:
    """The first bytes of an open file, and what libsndfile finds its header to promise."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._num_bytes = os.fstat(descriptor).st_size
        self._head = os.pread(descriptor, HEAD_BYTES, 0)
        self._missing: str | None = None
        self._mp3: Mp3Frames | None = None
        self.num_promised: int | None = None
        """Frames, where the header says how many."""
        self.is_flac = False

    def take(self, first: SndfileDecoder) -> str | None:
        """Note what libsndfile finds. Where it would read less than is there, say why."""
        self.is_flac = first.format == "FLAC"
        self._missing = first.missing_bytes()
        if first.format == "MP3":
            return self._take_mp3(first.num_frames)
        if first.num_frames != UNKNOWN_FRAMES:
            self.num_promised = first.num_frames
        if first.format == "NIST" and (count := _NIST_COUNT.search(self._head)):
            self.num_promised = int(count[1])
        return None

    def is_unfinished_wav(self) -> bool:
        """Whether a recorder that could not go back left a data chunk of length 0 before audio."""
        data = self._head.find(MendedWav.EMPTY_DATA)
        if not self._head.startswith(b"RIFF") or data < 0 or self._num_bytes <= data + 8:
            return False
        size = int.from_bytes(self._head[4:8], "little")
        return size >= UNKNOWN_BYTES or size + 8 < self._num_bytes

    def check_nature(self) -> None:
        """Raise UnusableError where no other decoder needs to be asked."""
        if self._head.startswith(b"version https://git-lfs"):
            pointer = "a Git LFS pointer instead of audio: run 'git lfs pull' where it came from"
            raise UnusableError("unreadable", pointer)
        if not _CONTROL.search(self._head):
            raise UnusableError("unreadable", "it is text, and no decoder reads it")
        self._check_ogg()

    def check_end(self, num_decoded: int) -> None:
        """Raise UnusableError where samples are missing, of which `num_decoded` frames are there.

        "truncated" where the file ends too early, "header disagrees" where an MP3's figures cannot
        be true, "unreadable" where a page of an Ogg file is damaged.
        """
        self._check_ogg()
        if self._missing:
            raise UnusableError("truncated", self._missing)
        if self._mp3:
            self._check_mp3(self._mp3, num_decoded)
        elif self.num_promised and num_decoded < self.num_promised:
            raise UnusableError("truncated", self._counts(num_decoded))

    def _check_ogg(self) -> None:
        if self._head.startswith(OGG_MAGIC):
            check_ogg(self._path)

    def _take_mp3(self, num_frames: int) -> str | None:
        # Where the file does not say its length, libsndfile guesses, and stops there.
        self._mp3 = scan_mp3(self._path)
        if self._mp3.states_length:
            self.num_promised = num_frames
        elif not self._mp3.cut and num_frames < self._mp3.num_samples - MP3_SLACK:
            return f"it would stop after {num_frames:,} of {self._mp3.num_samples:,} frames"
        return None

    def _check_mp3(self, mp3: Mp3Frames, num_decoded: int) -> None:
        if self.num_promised == UNKNOWN_FRAMES:
            raise UnusableError("header disagrees", self._counts(num_decoded))
        if mp3.cut:
            raise UnusableError("truncated", mp3.cut)
        if self.num_promised is not None and num_decoded < self.num_promised - MP3_SLACK:
            raise UnusableError("header disagrees", self._counts(num_decoded))
        if num_decoded < mp3.num_samples - MP3_SLACK:
            held = f"{num_decoded:,} frames decoded, the file holds {mp3.num_samples:,}"
            raise UnusableError("header disagrees", held)

    def _counts(self, num_decoded: int) -> str:
        return f"{num_decoded:,} frames decoded, the header says {self.num_promised:,}"
