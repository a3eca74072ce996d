"""Whether an Ogg file is whole: libsndfile passes over pages that are damaged or not there.

Source: RFC 3533.
"""

import zlib
from pathlib import Path
from typing import BinaryIO

from attrs import frozen

from engine.corpus.audio.unusable import UnusableError

MAGIC = b"OggS"

_HEADER_BYTES = 27
_FIRST, _LAST = 2, 4
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def check_ogg(path: Path) -> None:
    """Raise UnusableError where a page is cut, damaged or missing, or a stream has no end.

    "header disagrees" where a second recording follows the first, of which decoders read only one.
    """
    next_number: dict[int, int] = {}
    with path.open("rb") as file:
        for count in range(1 << 62):
            page = _read_page(file, count)
            if page is None:
                break
            if page.is_first and count and not next_number:
                raise UnusableError("header disagrees", "a second recording follows the first")
            if page.number != next_number.get(page.stream, page.number):
                raise UnusableError("truncated", f"Ogg pages are missing before page {count + 1:,}")
            next_number[page.stream] = page.number + 1
            if page.is_last:
                del next_number[page.stream]
    if next_number:
        raise UnusableError("truncated", "the last Ogg page is not the end of its stream")


@frozen
class _Page:
    stream: int
    number: int
    is_first: bool
    is_last: bool


def _read_page(file: BinaryIO, count: int) -> _Page | None:
    """The next page; None at the end, or where no page follows (tags may come last)."""
    header = file.read(_HEADER_BYTES)
    if len(header) < _HEADER_BYTES or not header.startswith(MAGIC):
        return None
    lacing = file.read(header[26])
    body = file.read(sum(lacing))
    if len(lacing) < header[26] or len(body) < sum(lacing):
        raise UnusableError("truncated", f"Ogg page {count + 1:,} is not all there")
    blank = header[:22] + bytes(4) + header[26:]
    if _checksum(blank + lacing + body) != int.from_bytes(header[22:26], "little"):
        raise UnusableError("unreadable", f"Ogg page {count + 1:,} is damaged (checksum)")
    return _Page(
        stream=int.from_bytes(header[14:18], "little"),
        number=int.from_bytes(header[18:22], "little"),
        is_first=bool(header[5] & _FIRST),
        is_last=bool(header[5] & _LAST),
    )


def _checksum(content: bytes) -> int:
    """Ogg's CRC: that of zlib with the bits of every byte, and of the result, the other way round.

    It starts from 0 where zlib's starts from all ones.
    """
    crc = zlib.crc32(content.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{crc:032b}"[::-1], 2)
