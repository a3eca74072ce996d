"""What a file's bytes say beside its samples: whether it is audio, and where it should end."""

import re
from contextlib import closing
from pathlib import Path

from engine.corpus.audio.chunks import Samples, find_samples
from engine.corpus.audio.file_bytes import FileBytes
from engine.corpus.audio.flac import samples_by_last_frame
from engine.corpus.audio.g722 import is_g722, other_than_g722
from engine.corpus.audio.mp3 import Mp3Frames, behind_tags, scan_mp3
from engine.corpus.audio.ogg import MAGIC as OGG_MAGIC
from engine.corpus.audio.ogg import check_ogg
from engine.corpus.audio.openings import begins_again
from engine.corpus.audio.sndfile import UNKNOWN_FRAMES, SndfileDecoder
from engine.corpus.audio.unusable import UnusableError

MP3_SLACK = 4 * 1152
"""Samples that a sound MP3 may lack: what encoders put before and behind, which decoders drop."""
HEAD_BYTES = 4096

_NIST_COUNT = re.compile(rb"^sample_count -i (\d+)", re.MULTILINE)
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_FOLLOWED = "a second recording follows the first"


class Container:
    """What an open file says of itself, and what libsndfile finds its header to promise.

    Raises OSError where the file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with closing(FileBytes(path)) as data:
            self._head = data[:HEAD_BYTES]
            self._samples = find_samples(data)
        self._mp3: Mp3Frames | None = None
        self._slack = 0
        self.num_promised: int | None = None
        """Frames, where the header says how many."""
        self.is_flac = False

    @property
    def unfinished(self) -> Samples | None:
        """Where a recorder left no length of its samples, and some are there."""
        return self._samples if self._samples and self._samples.is_open else None

    @property
    def header_fault(self) -> str | None:
        """What the header says wrongly of samples that end where the file does; else None."""
        found = self._samples
        if found is None or not found.is_wrong:
            return None
        if found.is_open:
            return f"it says no length, and {found.num_there:,} bytes of audio are there"
        return f"it says {found.num_promised:,} bytes of audio, and {found.num_there:,} are there"

    def take(self, first: SndfileDecoder) -> str | None:
        """Note what libsndfile finds. Where it would read less than is there, say why."""
        self.is_flac = first.format == "FLAC"
        self._slack = MP3_SLACK if first.subtype.startswith("MPEG") else 0
        if first.format == "MP3":
            return self._take_mp3(first.num_frames)
        if first.num_frames != UNKNOWN_FRAMES:
            self.num_promised = first.num_frames
        if first.format == "NIST" and (count := _NIST_COUNT.search(self._head)):
            self.num_promised = int(count[1])
        return None

    def check_nature(self) -> None:
        """Raise UnusableError where no other decoder needs to be asked."""
        if self._head.startswith(b"version https://git-lfs"):
            pointer = "a Git LFS pointer instead of audio: run 'git lfs pull' where it came from"
            raise UnusableError("unreadable", pointer)
        if is_g722(self._path):
            other = other_than_g722(self._head)
            if other:
                raise UnusableError("unreadable", f"it is {other}, and no G.722")
        elif not _CONTROL.search(self._head):
            raise UnusableError("unreadable", "it is text, and no decoder reads it")
        self._check_ogg()

    def check_end(self, num_decoded: int) -> None:
        """Raise UnusableError where samples are missing, of which `num_decoded` frames are there.

        "truncated" where the file ends too early, "header disagrees" where more follows or an
        MP3's figures cannot be true, "unreadable" where a page of an Ogg file is damaged.
        """
        self.check_behind()
        if self._samples and self._samples.num_missing:
            there, promised = self._samples.num_there, self._samples.num_promised
            held = f"{there:,} of {promised:,} bytes of audio are there"
            raise UnusableError("truncated", held)
        if self._mp3:
            self._check_mp3(self._mp3, num_decoded)
        elif self.num_promised and num_decoded < self.num_promised - self._slack:
            raise UnusableError("truncated", self._counts(num_decoded))

    def check_behind(self) -> None:
        """Raise UnusableError where a second recording follows, or more than the header says."""
        self._check_ogg()
        if self._samples:
            if self._samples.is_followed:
                raise UnusableError("header disagrees", _FOLLOWED)
            if self._samples.has_more:
                said = f"it says {self._samples.num_promised:,} bytes of audio"
                raise UnusableError(
                    "header disagrees", f"{said}, and {self._samples.num_odd:,} more follow them"
                )
        elif not self._head.startswith(OGG_MAGIC):
            self._check_compressed()

    def _check_compressed(self) -> None:
        with closing(FileBytes(self._path)) as data:
            start = behind_tags(data)
            if begins_again(data, start):
                raise UnusableError("header disagrees", _FOLLOWED)
            if self.is_flac and self.num_promised:
                held = samples_by_last_frame(data, start, self.num_promised)
                if held and held > self.num_promised:
                    said = f"{self.num_promised:,} frames in its header, {held:,} in the file"
                    raise UnusableError("header disagrees", said)

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
        if mp3.is_followed:
            raise UnusableError("header disagrees", _FOLLOWED)
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
