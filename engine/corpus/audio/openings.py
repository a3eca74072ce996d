"""How audio files begin, and whether one begins in the middle of another."""

import re
from collections.abc import Iterable

from attrs import frozen

from engine.corpus.audio.file_bytes import FileBytes

_LOOKED_AT = 80


@frozen
class Opening:
    """How files of a kind begin: long enough to be found nowhere else by chance."""

    pattern: re.Pattern[bytes]
    needle: bytes
    """A part of it that never varies."""
    needle_at: int


def _opening(pattern: bytes, needle: bytes, needle_at: int = 0) -> Opening:
    return Opening(re.compile(pattern, re.DOTALL), needle, needle_at)


OPENINGS = (
    _opening(rb"RI(?:FF|FX)....WAVE", b"WAVE", 8),
    _opening(rb"RF64....WAVE", b"RF64"),
    _opening(rb"FORM....AIF[FC]", b"FORM"),
    _opening(rb"riff\x2e\x91\xcf\x11\xa5\xd6", b"riff\x2e\x91"),
    _opening(rb"caff\x00\x01\x00\x00desc", b"caff"),
    _opening(rb"\.snd\x00\x00\x00[\x18-\xff]", b".snd\0\0\0"),
    _opening(rb"NIST_1A\n +\d+\n", b"NIST_1A"),
    _opening(rb"fLaC[\x00\x80]\x00\x00\x22", b"fLaC"),
    _opening(rb"OggS\x00\x02", b"OggS\0\2"),
    _opening(rb"TTA1\x01\x00", b"TTA1"),
    _opening(rb"#!AMR(?:-WB)?\n", b"#!AMR"),
    _opening(rb"\x00\x00\x00[\x0c-\x40]ftyp[\w ]{4}", b"ftyp", 4),
    _opening(rb"\x1aE\xdf\xa3.{4,60}(?:webm|matroska)", b"\x1aE\xdf\xa3"),
    _opening(rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9", b"\x30\x26\xb2\x75\x8e\x66"),
)


def next_opening(data: FileBytes, start: int, openings: Iterable[Opening] = OPENINGS) -> int | None:
    """The first place from `start` on where a file begins; None where none does."""
    places = (_find(data, start, one) for one in openings)
    return min((place for place in places if place is not None), default=None)


def begins_again(data: FileBytes, start: int) -> bool:
    """Whether the file that begins at `start` is followed by another of its kind."""
    own = [one for one in OPENINGS if one.pattern.match(data[start : start + _LOOKED_AT])]
    return next_opening(data, start + 1, own) is not None


def _find(data: FileBytes, start: int, one: Opening) -> int | None:
    at = start + one.needle_at
    while (at := data.find(one.needle, at)) >= 0:
        begin = at - one.needle_at
        if one.pattern.match(data[begin : begin + _LOOKED_AT]):
            return begin
        at += 1
    return None
