"""How many samples a FLAC file holds by its last frame: decoders stop where its header says.

Source: RFC 9639.
"""

import re

from engine.corpus.audio.file_bytes import FileBytes

_MOST_TAIL_BYTES = 1 << 17
_TAGS_BYTES = 1 << 10
_SYNC = re.compile(rb"\xff[\xf8\xf9]")
_RESERVED = 15
_BLOCKS = {1: 192} | {code: 576 << code - 2 for code in range(2, 6)}
_BLOCKS |= {code: 256 << code - 8 for code in range(8, 16)}
_MORE_OF_RATE = {12: 1, 13: 2, 14: 2}


def samples_by_last_frame(data: FileBytes, start: int, num_promised: int) -> int | None:
    """Samples of each channel up to the end of the last frame; None where that is not certain.

    `start` is where the stream begins. Only where the file holds more than `num_promised` is the
    frame held against its checksum.
    """
    block_size = int.from_bytes(data[start + 10 : start + 12], "big")
    longest = int.from_bytes(data[start + 15 : start + 18], "big") or _MOST_TAIL_BYTES
    tail = data[max(start, len(data) - min(longest + _TAGS_BYTES, _MOST_TAIL_BYTES)) : len(data)]
    for sync in reversed(list(_SYNC.finditer(tail))):
        found = _end_of_frame(tail, sync.start(), block_size)
        if found is None:
            continue
        if found <= num_promised or _crc(tail[sync.start() :], 16, 0x8005) == 0:
            return found
    return None


def _end_of_frame(tail: bytes, at: int, block_size: int) -> int | None:
    """The number of the sample behind the frame whose header is there, if one is."""
    head = tail[at : at + 16]
    if len(head) < 16 or head[2] >> 4 == 0 or head[2] & 15 == _RESERVED or head[3] & 1:
        return None
    number_bytes = max(1, 8 - (head[4] ^ 0xFF).bit_length())
    number, end = _number(head[4 : 4 + number_bytes]), 4 + number_bytes
    code = head[2] >> 4
    if code in (6, 7):
        num_samples = int.from_bytes(head[end : end + code - 5], "big") + 1
        end += code - 5
    else:
        num_samples = _BLOCKS[code]
    end += _MORE_OF_RATE.get(head[2] & 15, 0)
    if _crc(head[: end + 1], 8, 0x07):
        return None
    is_variable = head[1] & 1
    return num_samples + (number if is_variable else number * block_size)


def _number(coded: bytes) -> int:
    """A number as UTF-8 would write it, of up to seven bytes."""
    value = coded[0] & (0x7F if len(coded) == 1 else 0x7F >> len(coded))
    for byte in coded[1:]:
        value = value << 6 | byte & 0x3F
    return value


def _crc(content: bytes, bits: int, polynomial: int) -> int:
    """The checksum of what ends in its own checksum: 0 where it is whole."""
    value, top, mask = 0, 1 << bits - 1, (1 << bits) - 1
    for byte in content:
        value ^= byte << bits - 8
        for _ in range(8):
            value = (value << 1 ^ (polynomial if value & top else 0)) & mask
    return value
