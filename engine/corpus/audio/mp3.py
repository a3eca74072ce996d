"""What an MP3 file holds by its own frames: the decoder's number is often a guess from its size.

Source: ISO/IEC 11172-3 and 13818-3, layer III.
"""

from contextlib import closing
from pathlib import Path

from attrs import frozen

from engine.corpus.audio.file_bytes import FileBytes

_RATES_HZ = {
    3: (44_100, 48_000, 32_000),
    2: (22_050, 24_000, 16_000),
    0: (11_025, 12_000, 8_000),
}
_KBPS = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_LOW_KBPS = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_COUNTS = (b"Xing", b"Info", b"VBRI")
"""An encoder that writes the length puts one of these into a first frame without sound."""
_COUNTED_AT = (13, 15, 21, 23, 36, 38)
"""Behind where a frame begins, by its version and channels, and with a checksum or without."""
_TAG_HEADER_BYTES = 10


@frozen(kw_only=True)
class Mp3Frames:
    """The frames of an MP3 file, one behind the other."""

    num_samples: int = 0
    """Number of samples of each channel in all whole frames."""
    states_length: bool = False
    """Whether the file says how long it is."""
    cut: str | None = None
    """Where the last frame is not all there: how much of it is."""
    is_followed: bool = False
    """Whether another recording begins behind the first frames: tags, or a stated length."""


@frozen
class _Frame:
    kind: tuple[int, int]
    num_bytes: int
    num_samples: int


def scan_mp3(path: Path) -> Mp3Frames:
    """Go from frame to frame, over whatever lies between them. Nothing is decoded."""
    with closing(FileBytes(path)) as data:
        at = start = _next_frame(data, behind_tags(data), None)
        num_samples, follows, is_followed = 0, True, False
        kind, cut = None, None
        while frame := _frame_at(data, at, kind):
            if at + frame.num_bytes > len(data):
                there = f"{len(data) - at:,} of the last frame's {frame.num_bytes:,} bytes"
                cut = f"{there} are there" if follows else None
                break
            kind, num_samples = frame.kind, num_samples + frame.num_samples
            behind = at + frame.num_bytes
            follows = _frame_at(data, behind, kind) is not None
            at = behind if follows else _next_frame(data, behind, kind)
            is_followed |= not follows and at < len(data) and data[behind : behind + 3] == b"ID3"
        return Mp3Frames(
            num_samples=num_samples,
            states_length=_states_length(data, start, start),
            cut=cut,
            is_followed=is_followed or _states_length(data, start + 4, len(data), kind),
        )


def _states_length(
    data: FileBytes, first: int, last: int, kind: tuple[int, int] | None = None
) -> bool:
    """Whether a frame that begins from `first` to `last` says how many frames there are."""
    for count in _COUNTS:
        at = first
        while 0 <= (at := data.find(count, at)) <= last + _COUNTED_AT[-1]:
            begins = (at - place for place in _COUNTED_AT)
            if any(first <= begin <= last and _frame_at(data, begin, kind) for begin in begins):
                return True
            at += 1
    return False


def behind_tags(data: FileBytes) -> int:
    """Where the ID3v2 tags at the start end; their size is in four bytes of seven bits."""
    at = 0
    while data[at : at + 3] == b"ID3" and len(data) >= at + _TAG_HEADER_BYTES:
        size = 0
        for byte in data[at + 6 : at + _TAG_HEADER_BYTES]:
            size = size << 7 | byte & 0x7F
        at += _TAG_HEADER_BYTES + size
    return at


def _next_frame(data: FileBytes, at: int, kind: tuple[int, int] | None) -> int:
    """The next place where two frames follow each other; the end where there is none."""
    while (at := data.find(b"\xff", at)) >= 0:
        frame = _frame_at(data, at, kind)
        if frame and _frame_at(data, at + frame.num_bytes, frame.kind):
            return at
        at += 1
    return len(data)


def _frame_at(data: FileBytes, at: int, kind: tuple[int, int] | None) -> _Frame | None:
    """The frame whose header is there, if one is, of the kind (version, rate) asked for."""
    word = int.from_bytes(data[at : at + 4], "big")
    version, layer, rate, bits = word >> 19 & 3, word >> 17 & 3, word >> 10 & 3, word >> 12 & 15
    if word >> 21 != 0x7FF or layer != 1 or version == 1 or rate == 3 or bits in (0, 15):
        return None
    if kind not in (None, (version, rate)):
        return None
    num_samples, kbps = (1152, _KBPS[bits]) if version == 3 else (576, _LOW_KBPS[bits])
    num_bytes = num_samples // 8 * kbps * 1000 // _RATES_HZ[version][rate] + (word >> 9 & 1)
    return _Frame((version, rate), num_bytes, num_samples)
